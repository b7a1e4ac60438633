"""XY-MD02 (SHT20) thermometer and hygrometer: its Modbus input registers as readings, without input or output.

::

    request   AD 04 00 01 00 02 CRC CRC         answer   AD 04 04 TT TT HH HH CRC CRC
              temperature TT TT: int16, 0.1 °C           humidity HH HH: uint16, 0.1 %

Leaves frames and checksums to pymodbus, and asking to modbus.
"""

from collections.abc import Sequence

from edge.devices.sensor import HUMIDITY, Reading, Span, humidity_of, temperature_of

FIRST_REGISTER = 1
REGISTERS = 2

TEMPERATURE = Span(-40.0, 60.0, "°C")  # its data sheet; the SHT20 inside says 0x7fff and the like when it is broken


def sensors_of(name: str) -> tuple[str, ...]:
    """The sensor ids of one device."""
    return temperature_of(name), humidity_of(name)


def readings(name: str, registers: Sequence[int], at_ms: int) -> list[Reading]:
    """Two unsigned 16-bit registers as temperature and humidity; faults where they are not two, or not to be believed."""
    if len(registers) != REGISTERS:
        return no_readings(name, f"answered {len(registers)} registers, want {REGISTERS}: not an XY-MD02?", at_ms)
    temperature, humidity = registers
    signed = temperature - 0x1_0000 if temperature & 0x8000 else temperature
    return [
        TEMPERATURE.reading(temperature_of(name), signed / 10, at_ms),
        HUMIDITY.reading(humidity_of(name), humidity / 10, at_ms),
    ]


def no_readings(name: str, fault: str, at_ms: int) -> list[Reading]:
    """Asked, and nothing usable came."""
    return [Reading(sensor, None, at_ms, fault) for sensor in sensors_of(name)]
