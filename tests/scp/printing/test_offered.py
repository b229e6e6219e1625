"""What a printer offers: the meta classes, and the classes that are negotiated on their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from dimsetools.dataset.normalized import CLASSES, PRINT_COLOR, PRINT_GRAYSCALE
from dimsetools.scp.normalized import Normalized
from dimsetools.scp.printing.boxes import ImageBoxes
from dimsetools.scp.printing.offered import printing
from dimsetools.scp.printing.press import Press
from tests.scp.printing.jobs import FILM, GRAY, boxes, gray_item, image, printer, scu

ON_THEIR_OWN = ("printer", "annotation-box", "presentation-lut", "print-job", "printer-configuration")


def test_every_class_of_printing_is_offered(tmp_path: Path) -> None:
    press = Press(str(tmp_path), None, None, lambda record: None, durable=False)
    try:
        role = Normalized(printing(press))
    finally:
        press.close()
    own = {CLASSES[name].uid for name in ON_THEIR_OWN}
    assert set(role.contexts) == {PRINT_GRAYSCALE, PRINT_COLOR} | own
    served = {name for service in role.services for name in service.sop_classes}
    meta = {CLASSES[name].uid for name in ("film-session", "film-box", "image-box", "color-image-box")}
    assert served == meta | own


def test_a_data_set_beyond_all_bounds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageBoxes, "most", 400)
    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session())
        large = gray_item() | {"Rows": 32, "PixelData": bytes(512)}
        assert peer.set(GRAY, boxes(answer)[0], image(large))[0] == 0x0213
        assert peer.act(FILM, film)[0] == 0xB603
