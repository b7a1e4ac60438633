"""Labels as a printer wants them: PDF pages by ReportLab, or ZPL II for label printers. Pure; bytes out.

    +--------------------------------+   100 x 60 mm, 203 dpi: 800 x 480 dots
    | title                     QR   |   title: the station or the shelf; notes: zone, lane, date
    | notes                          |   Code 128 over the whole width, its text below
    | ||||| ||| |||| || ||||| ||| |  |
    | TTP000000001J                  |
    +--------------------------------+

(ZPL II Programming Guide: ^BC Code 128, ^BQ QR, ^CI28 UTF-8, ^FH hexadecimal in fields.)
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode import code128, qr
from reportlab.graphics.shapes import Drawing
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

_WIDTH, _HEIGHT, _MARGIN = 100 * mm, 60 * mm, 4 * mm
# Of the Asian font packs that every PDF reader has; nothing is embedded.
_FONT = "STSong-Light"
_LATIN_FONT = "Helvetica-Bold"
_MAX_TITLE = 24
_MAX_NOTE = 34


@dataclass(frozen=True, slots=True)
class Label:
    """``text`` is what both codes say; ``title`` and ``notes`` are for people."""

    text: str
    title: str
    notes: tuple[str, ...] = ()


def pdf(labels: Sequence[Label]) -> bytes:
    """A page each."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(_WIDTH, _HEIGHT), invariant=1, pageCompression=1)
    for label in labels:
        _draw(canvas, label)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _draw(canvas: Canvas, label: Label) -> None:
    size = 24 * mm
    code = qr.QrCodeWidget(label.text, barLevel="M", barBorder=2)
    left, bottom, right, top = code.getBounds()
    drawing = Drawing(size, size, transform=[size / (right - left), 0, 0, size / (top - bottom), 0, 0])
    drawing.add(code)
    renderPDF.draw(drawing, canvas, _WIDTH - _MARGIN - size, _HEIGHT - _MARGIN - size)
    _write(canvas, _HEIGHT - 12 * mm, label.title[:_MAX_TITLE], 18)
    for line, note in enumerate(label.notes[:3]):
        _write(canvas, _HEIGHT - (19 + 5.5 * line) * mm, note[:_MAX_NOTE], 11)
    bars = code128.Code128(label.text, barWidth=_bar_width(label.text), barHeight=16 * mm, quiet=False)
    bars.drawOn(canvas, (_WIDTH - bars.width) / 2, 11 * mm)
    canvas.setFont("Courier-Bold", 12)
    canvas.drawCentredString(_WIDTH / 2, 5 * mm, label.text)


def runs(text: str) -> list[tuple[str, str]]:
    """Font and text, in pieces: what readers put in for a font that is not embedded may have no Latin letters."""
    pieces: list[tuple[str, str]] = []
    for one in text:
        font = _LATIN_FONT if one.isascii() else _FONT
        if pieces and pieces[-1][0] == font:
            pieces[-1] = font, pieces[-1][1] + one
        else:
            pieces.append((font, one))
    return pieces


def _write(canvas: Canvas, y: float, text: str, size: float) -> None:
    x = _MARGIN
    for font, piece in runs(text):
        canvas.setFont(font, size)
        canvas.drawString(x, y, piece)
        x += pdfmetrics.stringWidth(piece, font, size)


def _bar_width(text: str) -> float:
    """As wide as the label allows, at most 0.5 mm: start, check and stop are 35 modules, a character 11, quiet zones 20."""
    return float(min(0.5 * mm, (_WIDTH - 2 * _MARGIN) / (35 + 11 * len(text) + 20)))


def zpl(labels: Sequence[Label]) -> bytes:
    """One format each, UTF-8. Han characters need a printer with such a font; digits and bars none."""
    return "".join(_format(label) for label in labels).encode()


def _format(label: Label) -> str:
    notes = "".join(
        f"^FO32,{100 + 40 * line}^A0N,30,30^FH^FD{_field(note[:_MAX_NOTE])}^FS" for line, note in enumerate(label.notes[:3])
    )
    module = 3 if len(label.text) <= 14 else 2
    return (
        "^XA^CI28^PW800^LL480"
        f"^FO32,32^A0N,50,50^FH^FD{_field(label.title[:_MAX_TITLE])}^FS{notes}"
        f"^FO590,24^BQN,2,6^FH^FDMA,{_field(label.text)}^FS"
        f"^FO40,250^BY{module}^BCN,130,N,N,N,A^FH^FD{_field(label.text)}^FS"
        f"^FO40,400^A0N,40,40^FH^FD{_field(label.text)}^FS^XZ\n"
    )


def _field(text: str) -> str:
    """A caret or a tilde would begin a command, the underscore a hexadecimal: written as one. Control characters are left out."""
    return "".join(f"_{ord(one):02X}" if one in "^~_\\" else one for one in text if one.isprintable())
