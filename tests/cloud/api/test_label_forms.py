"""What is printed: letters that every reader has, and no command smuggled into a field."""

import shutil
import subprocess
from pathlib import Path

import cv2
import pytest
import zxingcpp

from cloud.api.label_forms import Label, pdf, runs, zpl

LABELS = [
    Label("TTP000000001J", "幸福里 3 号自提点", ("冷藏 A3", "2026-11-23", "TTC0000000017")),
    Label("A12", "A12", ("幸福里", "常温")),
    Label("(00)340123450000000017", "周转筐"),
]


def test_letters_and_digits_are_in_a_font_that_every_reader_has() -> None:
    assert runs("冷藏 A3") == [("STSong-Light", "冷藏"), ("Helvetica-Bold", " A3")]
    assert runs("") == []


def test_a_pdf_has_a_page_a_label_and_the_same_bytes_each_time() -> None:
    assert pdf(LABELS) == pdf(LABELS)
    assert pdf(LABELS).count(b"/Type /Page\n") == 3


@pytest.mark.skipif(shutil.which("gs") is None, reason="needs Ghostscript (apt install ghostscript) to draw the pages")
def test_both_codes_of_a_drawn_label_are_read_again_at_a_label_printers_resolution(tmp_path: Path) -> None:
    (tmp_path / "labels.pdf").write_bytes(pdf(LABELS))
    drawing = ["gs", "-q", "-dSAFER", "-dNOPAUSE", "-dBATCH", "-sDEVICE=pnggray", "-r203", f"-sOutputFile={tmp_path}/%d.png"]
    subprocess.run([*drawing, str(tmp_path / "labels.pdf")], check=True, timeout=60)
    for page, label in enumerate(LABELS, start=1):
        picture = cv2.imread(str(tmp_path / f"{page}.png"))
        assert picture is not None
        assert sorted((code.format.name, code.text) for code in zxingcpp.read_barcodes(picture)) == [
            ("Code128", label.text),
            ("QRCode", label.text),
        ]


def test_a_field_cannot_hold_a_command() -> None:
    printed = zpl([Label("A1", "^XZ~JA_\n")]).decode()
    assert "^FD_5EXZ_7EJA_5F^FS" in printed
    assert (printed.count("^XA"), printed.count("^XZ"), printed.count("~")) == (1, 1, 0)
