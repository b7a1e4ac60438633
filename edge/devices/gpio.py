"""The machine's pins, for drivers that hang on them: gpiozero on lgpio, which only a Pi has. What is missing is said.

Leaves which pin does what to the drivers.
"""

from typing import Any

from edge.devices.ports import DeviceError, DeviceState


def lgpio_factory() -> Any:
    """Make gpiozero's pin factory on the kernel's character device. DeviceError where there are no pins, or no lgpio."""
    try:
        import lgpio
        from gpiozero.exc import GPIOZeroError
        from gpiozero.pins.lgpio import LGPIOFactory
    except ImportError as error:
        remedy = "pip install lgpio; or apt-get install python3-lgpio and make .venv with --system-site-packages"
        raise DeviceError(DeviceState.FAILED, f"GPIO: {error}; {remedy}") from error
    try:
        return LGPIOFactory()
    except (lgpio.error, GPIOZeroError, OSError) as error:
        raise DeviceError(DeviceState.FAILED, f"GPIO: {error}; this machine has no pins that we may use") from error
