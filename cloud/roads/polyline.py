"""Lines as Valhalla and OSRM write them: Google's encoding with six digits. Pure."""

from cloud.roads.ways import Point

_PRECISION = 1e6


def decode(text: str) -> list[Point]:
    """ValueError where the text is cut off or holds other signs."""
    numbers: list[int] = []
    value, shift = 0, 0
    for sign in text:
        bits = ord(sign) - 63
        if not 0 <= bits < 64:
            raise ValueError(f"polyline: {sign!r} is no sign of one")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits < 0x20:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            value, shift = 0, 0
    if shift or len(numbers) % 2:
        raise ValueError("polyline: cut off")
    points: list[Point] = []
    lat = lon = 0
    for up, east in zip(numbers[::2], numbers[1::2], strict=True):
        lat, lon = lat + up, lon + east
        points.append(Point(lat / _PRECISION, lon / _PRECISION))
    return points
