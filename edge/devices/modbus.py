"""Thermometers on an RS-485 line, asked one after another through pymodbus once a minute; back by itself after an unplug.

Leaves what registers mean to modbus_registers.
"""

import asyncio
import logging

from pymodbus.client import AsyncModbusSerialClient
from pymodbus.exceptions import ModbusException

from edge.devices.modbus_registers import FIRST_REGISTER, REGISTERS, no_readings, readings, sensors_of
from edge.devices.ports import DeviceState
from edge.devices.sensor import SupervisedSensor, Troubles
from edge.devices.sensor_rhythm import Rhythm
from edge.devices.sensor_settings import ModbusDevice, ModbusSettings
from edge.devices.serial_port import PortError, open_port
from edge.wire.clock import Clock

# It tells every time-out, in lines of its own; our health tells it once.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL + 1)


class ModbusLine(SupervisedSensor):
    """A Sensor: one line, several devices. A device that does not answer leaves the others' readings alone."""

    def __init__(self, settings: ModbusSettings, clock: Clock) -> None:
        sensors = tuple(sensor for device in settings.device for sensor in sensors_of(device.name))
        super().__init__(settings.name, settings.port, clock, sensors, settings.every_s)
        self._settings = settings
        self._troubles = Troubles()

    async def _open(self) -> None:
        # Our own opening says why it cannot be opened, and blocks no loop; pymodbus opens it again right after.
        await self._blocking(self._try_port)

    def _try_port(self) -> None:
        open_port(self._settings.port, self._settings.baud).close()

    async def _serve(self) -> None:
        settings = self._settings
        lost = asyncio.Event()
        # Made anew for each connection, and closed by the loop it belongs to.
        client = AsyncModbusSerialClient(
            settings.port,
            baudrate=settings.baud,
            timeout=settings.timeout_s,
            retries=settings.tries - 1,
            reconnect_delay=0,
            trace_connect=lambda is_up: None if is_up else lost.set(),
        )
        try:
            if not await client.connect():
                raise self._gone()
            rhythm = Rhythm(self._clock, settings.every_s)
            while True:
                await self._ask_all(client)
                await rhythm.wait(unless=lost)
                if lost.is_set():
                    raise self._gone()
        finally:
            client.close()

    def _close(self) -> None:
        """Nothing is held between ``_serve``s."""

    async def _ask_all(self, client: AsyncModbusSerialClient) -> None:
        for device in self._settings.device:
            await self._ask(client, device)
            if not client.connected:
                raise self._gone()
        self._say(*self._troubles.told())

    async def _ask(self, client: AsyncModbusSerialClient, device: ModbusDevice) -> None:
        try:
            answer = await client.read_input_registers(FIRST_REGISTER, count=REGISTERS, device_id=device.address)
        except ModbusException:
            if client.connected:
                fault = f"no answer from address {device.address}; check its power, its wires A and B, and its address"
                self._troubles.failed(device.name, DeviceState.LOST, fault)
                self._put(*no_readings(device.name, fault, self._clock.now_ms()))
            return
        at_ms = self._clock.now_ms()
        if answer.isError():
            fault = f"address {device.address} refuses with code {answer.exception_code}; is it an XY-MD02?"
            found = no_readings(device.name, fault, at_ms)
        else:
            found = readings(device.name, answer.registers, at_ms)
        self._put(*found)
        if faults := [one.fault for one in found if one.fault]:
            self._troubles.failed(device.name, DeviceState.FAILED, faults[0])
        else:
            self._troubles.answered(device.name)

    def _gone(self) -> PortError:
        return PortError(DeviceState.LOST, f"{self._settings.port}: not there; plug the RS-485 adapter in")
