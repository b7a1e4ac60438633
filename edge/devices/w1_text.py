"""A DS18B20's ``w1_slave`` file, as Linux' w1_therm writes it, as a temperature; without input or output.

::

    72 01 4b 46 7f ff 0e 10 57 : crc=57 YES
    72 01 4b 46 7f ff 0e 10 57 t=23125            int16 little-endian of the first two bytes, 1/16 °C

Leaves reading the file to w1.
"""

import re

from edge.devices.sensor import Reading, Span, temperature_of

TEMPERATURE = Span(-55.0, 125.0, "°C")  # its data sheet
POWER_ON_MC = 85_000  # what the scratchpad holds before the first conversion, or after a brown-out

_LINES = re.compile(
    r"\A(?P<bytes>(?:[0-9a-f]{2} ){9}): crc=[0-9a-f]{2} (?P<crc>YES|NO)\n"
    r"(?:[0-9a-f]{2} ){9}t=(?P<mc>-?[0-9]{1,6})\n?\Z"
)


def reading(name: str, text: str, at_ms: int) -> Reading:
    """The temperature in the file's text, or the fault: a bad checksum, 85 °C, no conversion, nothing readable."""
    sensor = temperature_of(name)
    lines = _LINES.match(text)
    if lines is None:
        return Reading(sensor, None, at_ms, "unreadable answer: no DS18B20, or its file was cut off")
    raw = bytes.fromhex(lines["bytes"])
    temperature_mc = int(lines["mc"])
    if lines["crc"] == "NO":
        return Reading(sensor, None, at_ms, "bad checksum: check the wires, their length and the 4.7 kΩ resistor")
    if not any(raw):
        # Eight zeros have the checksum zero: a data wire that lies at ground reads as a perfect 0 °C.
        return Reading(sensor, None, at_ms, "all zeros: the data wire touches ground")
    if temperature_mc == POWER_ON_MC:
        return Reading(sensor, None, at_ms, "85 °C: what it says before it has measured; check its power")
    return TEMPERATURE.reading(sensor, temperature_mc / 1000, at_ms)
