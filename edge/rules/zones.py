"""Which goods may lie in which temperature zone."""

from edge.wire.manifest import Zone


def may_lie(goods: Zone, place: Zone) -> bool:
    """Own zone only; but what keeps without cooling may also lie in the fridge, as a family's bags do together."""
    return goods is place or (goods is Zone.AMBIENT and place is Zone.CHILLED)
