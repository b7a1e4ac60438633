"""How names and phones are shown to people who need to recognise them but not to have them."""

_HIDDEN_DIGITS = 6


def masked_name(name: str) -> str:
    """At least one character hidden: 王小明 → 王*明, 王明 → 王*, 王 → *."""
    if len(name) <= 1:
        return "*"
    return name[0] + "*" * max(1, len(name) - 2) + (name[-1] if len(name) > 2 else "")


def masked_phone(phone: str) -> str:
    """At least six digits hidden where there are as many: 13812345678 → 1******5678."""
    tail = phone[-4:]
    head = phone[: max(0, len(phone) - 4 - _HIDDEN_DIGITS)]
    return head + "*" * (len(phone) - len(head) - len(tail)) + tail
