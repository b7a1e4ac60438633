"""A QR's modules, for pages that draw it themselves: no picture travels, and no library is loaded on a cheap phone. Pure."""

from reportlab.graphics.barcode.qr import QrCodeWidget


def qr_rows(text: str) -> list[str]:
    """Rows of ``0`` and ``1`` (dark), without the quiet zone, which is the page's: four modules all round (ISO/IEC 18004, 9.1)."""
    code = QrCodeWidget(text, barLevel="M").qr
    code.make()
    return ["".join("1" if module else "0" for module in row) for row in code.modules]
