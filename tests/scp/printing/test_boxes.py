"""Image and annotation boxes: pixels of every kind, and what is refused of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dimsetools.dataset.normalized import PRINT_COLOR
from dimsetools.dataset.requirements import INVALID_VALUE, MISSING_ATTRIBUTE
from dimsetools.scp.printing import jobs as limits
from tests.scp.printing.jobs import (
    COLOR,
    FILM,
    GRAY,
    LUT,
    TEXT,
    boxes,
    color_item,
    gray_item,
    image,
    middles,
    printed,
    printer,
    scu,
    table,
    usual_layout,
)

WHERE = usual_layout("STANDARD\\1,1")
LARGE = np.full((40, 1300), 100, np.uint8)


def test_an_image_can_be_taken_away(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session(), EmptyImageDensity="WHITE")
        (box,) = boxes(answer)
        peer.set(GRAY, box, image(gray_item()))
        assert peer.set(GRAY, box, image(None))[0] == 0
        assert peer.act(FILM, film)[0] == 0xB603
    assert middles(printed(tmp_path)[0], WHERE) == [255]


@pytest.mark.parametrize(
    ("change", "offending"),
    [
        ({"SamplesPerPixel": 3}, 0x00280002),
        ({"PhotometricInterpretation": "RGB"}, 0x00280004),
        ({"BitsStored": 10, "HighBit": 9}, None),
        ({"HighBit": 3}, 0x00280102),
        ({"BitsAllocated": 16}, 0x00280100),
        ({"PixelRepresentation": 1}, 0x00280103),
        ({"Rows": 17}, 0x7FE00010),
        ({"Rows": 0}, 0x7FE00010),
        ({"Columns": 65535, "Rows": 65535}, 0x7FE00010),
        ({"PixelData": b"\0" * 254}, 0x7FE00010),
        ({"PixelAspectRatio": ["0", "1"]}, 0x00280034),
        ({"PixelAspectRatio": ["1", "100"]}, 0x00280034),
        ({"PixelAspectRatio": ["1"]}, 0x00280034),
    ],
)
def test_pixels_that_are_no_image_are_refused(
    tmp_path: Path, change: dict[str, Any], offending: int | None
) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session())
        status, _ = peer.set(GRAY, boxes(answer)[0], image(gray_item(**change)))
        assert status == INVALID_VALUE
        assert offending is None or peer.identifiers == [offending]
        assert peer.act(FILM, film)[0] == 0xB603


@pytest.mark.parametrize(("tag", "vr"), [(0x00280010, "LO"), (0x00280101, "UT"), (0x7FE00010, "UT")])
def test_values_of_a_wrong_kind_are_refused(tmp_path: Path, tag: int, vr: str) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        _, answer = peer.film(peer.session())
        sent = image(gray_item())
        sent.BasicGrayscaleImageSequence[0].add_new(tag, vr, "many")
        assert peer.set(GRAY, boxes(answer)[0], sent)[0] == INVALID_VALUE
        assert peer.set(GRAY, boxes(answer)[0], image(gray_item()))[0] == 0
        assert [record for record in node.log.records if record["_event"] == "internal-error"] == []


@pytest.mark.parametrize("keyword", ["Rows", "PixelData", "BitsStored", "PhotometricInterpretation"])
def test_an_image_without_what_it_needs_is_refused(tmp_path: Path, keyword: str) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        _, answer = peer.film(peer.session())
        item = gray_item()
        del item[keyword]
        assert peer.set(GRAY, boxes(answer)[0], image(item))[0] == MISSING_ATTRIBUTE


def test_an_image_goes_into_the_box_of_its_position(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        _, answer = peer.film(peer.session(), "STANDARD\\2,1")
        first, second = boxes(answer)
        assert peer.set(GRAY, first, image(gray_item(), 2))[0] == INVALID_VALUE
        assert peer.identifiers == [0x20200010]
        assert peer.set(GRAY, second, image(gray_item(), 2))[0] == 0
        assert peer.set(GRAY, "1.2.3", image(gray_item()))[0] == 0x0112


def test_two_images_do_not_go_into_a_box(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        _, answer = peer.film(peer.session())
        sent = image(gray_item())
        sent.BasicGrayscaleImageSequence.append(sent.BasicGrayscaleImageSequence[0])
        assert peer.set(GRAY, boxes(answer)[0], sent)[0] == INVALID_VALUE


def test_colour_in_a_box_for_gray_is_refused(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node, [PRINT_COLOR]) as peer:
        _, answer = peer.film(peer.session())
        sent = image(gray_item(), color=True)
        assert peer.set(COLOR, boxes(answer)[0], sent)[0] in (INVALID_VALUE, MISSING_ATTRIBUTE)
        assert peer.set(GRAY, boxes(answer)[0], image(gray_item()))[0] == 0x0119
        assert peer.set(COLOR, boxes(answer)[0], image(color_item((1, 2, 3)), color=True))[0] == 0


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, 0xB604),
        ({"RequestedDecimateCropBehavior": "DECIMATE"}, 0xB60A),
        ({"RequestedDecimateCropBehavior": "CROP"}, 0xB609),
        ({"RequestedDecimateCropBehavior": "FAIL"}, 0xC603),
        ({"RequestedDecimateCropBehavior": "SHRINK"}, INVALID_VALUE),
        ({"RequestedImageSize": "100"}, 0),
        ({"RequestedImageSize": "200"}, 0xB604),
        ({"RequestedImageSize": "0"}, 0xB604),
        ({"RequestedImageSize": "-5"}, INVALID_VALUE),
        ({"RequestedImageSize": "1e9"}, INVALID_VALUE),
    ],
)
def test_an_image_larger_than_its_box(tmp_path: Path, values: dict[str, Any], status: int) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session())
        assert peer.set(GRAY, boxes(answer)[0], image(gray_item(LARGE), **values))[0] == status
        assert ("larger than its box" in peer.comment) is (status not in (0, INVALID_VALUE))
        expected = 0xB603 if status in (0xC603, INVALID_VALUE) else 0
        assert peer.act(FILM, film)[0] == expected
    assert middles(printed(tmp_path)[0], WHERE) == [0 if expected else 100]


def test_big_endian_pixels_are_read_as_such(tmp_path: Path) -> None:
    from pynetdicom import AE

    from dimsetools.dataset.normalized import PRINT_GRAYSCALE
    from tests.scp.printing.jobs import Scu

    values = np.array([[1000, 1000], [1000, 1000]])
    with printer(tmp_path) as node:
        ae = AE("ASKER")
        ae.add_requested_context(PRINT_GRAYSCALE, "1.2.840.10008.1.2.2")
        association = ae.associate("127.0.0.1", node.port)
        try:
            peer = Scu(association, PRINT_GRAYSCALE)
            film, answer = peer.film(peer.session())
            # pydicom does not turn words round: what is sent has to be big endian already.
            item = gray_item(values, bits=12, PixelData=values.astype(">u2").tobytes())
            assert peer.set(GRAY, boxes(answer)[0], image(item))[0] == 0
            assert peer.act(FILM, film)[0] == 0
        finally:
            association.release()
    assert middles(printed(tmp_path)[0], WHERE) == [round(1000 / 4095 * 65535)]


def test_monochrome1_and_polarity_turn_values_round(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session(), "STANDARD\\2,2")
        kinds = [("MONOCHROME2", "NORMAL"), ("MONOCHROME1", "NORMAL"), ("MONOCHROME2", "REVERSE"),
                 ("MONOCHROME1", "REVERSE")]  # fmt: skip
        for position, (uid, (photometric, polarity)) in enumerate(zip(boxes(answer), kinds, strict=True), 1):
            item = gray_item(40, PhotometricInterpretation=photometric)
            assert peer.set(GRAY, uid, image(item, position, Polarity=polarity))[0] == 0
        assert peer.act(FILM, film)[0] == 0
    assert middles(printed(tmp_path)[0], usual_layout("STANDARD\\2,2")) == [40, 215, 215, 40]


def test_what_a_box_does_not_say_its_film_does(tmp_path: Path) -> None:
    from dimsetools.film.density import gray

    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session(), "STANDARD\\2,1", MinDensity=50, MaxDensity=250)
        first, second = boxes(answer)
        peer.set(GRAY, first, image(gray_item(255), 1))
        peer.set(GRAY, second, image(gray_item(0), 2, MaxDensity=300))
        assert peer.act(FILM, film)[0] == 0
    expected = [round(gray(50) * 255), round(gray(300) * 255)]
    assert middles(printed(tmp_path)[0], usual_layout("STANDARD\\2,1")) == expected


def test_a_presentation_lut_of_the_box_goes_before_that_of_the_film(tmp_path: Path) -> None:
    def refers(uid: str) -> list[dict[str, str]]:
        return [{"ReferencedSOPClassUID": LUT, "ReferencedSOPInstanceUID": uid}]

    inverting = table([256, 0, 10], [1023 - 4 * value for value in range(256)])
    with printer(tmp_path) as node, scu(node) as peer:
        assert peer.create(LUT, "1.2.5", PresentationLUTSequence=[inverting])[0] == 0
        assert peer.create(LUT, "1.2.6", PresentationLUTShape="IDENTITY")[0] == 0
        film, answer = peer.film(
            peer.session(), "STANDARD\\2,1", ReferencedPresentationLUTSequence=refers("1.2.5")
        )
        first, second = boxes(answer)
        peer.set(GRAY, first, image(gray_item(50), 1))
        identity = refers("1.2.6")
        assert (
            peer.set(GRAY, second, image(gray_item(50), 2, ReferencedPresentationLUTSequence=identity))[0]
            == 0
        )
        assert peer.delete(LUT, "1.2.5") == 0  # who refers to it keeps it
        assert peer.act(FILM, film)[0] == 0
    expected = [round((1023 - 200) / 1023 * 255), 50]
    assert middles(printed(tmp_path)[0], usual_layout("STANDARD\\2,1")) == expected


def test_memory_is_bounded_by_association_and_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HELD_BY_ONE", 600)
    monkeypatch.setattr(limits, "HELD_BY_ALL", 1000)
    with printer(tmp_path) as node:
        with scu(node) as peer, scu(node) as other:
            session = peer.session()
            _, answer = peer.film(session, "STANDARD\\3,1")
            uids = boxes(answer)
            statuses = [
                peer.set(GRAY, uid, image(gray_item(), position))[0] for position, uid in enumerate(uids, 1)
            ]
            assert statuses == [0, 0, 0xC605]
            assert peer.set(GRAY, uids[0], image(gray_item(9)))[0] == 0  # in place of the one before
            _, others = other.film(other.session(), "STANDARD\\2,1")
            assert other.set(GRAY, boxes(others)[0], image(gray_item()))[0] == 0
            assert other.set(GRAY, boxes(others)[1], image(gray_item(), 2))[0] == 0xC605
            assert peer.delete("1.2.840.10008.5.1.1.1", session) == 0
            assert other.set(GRAY, boxes(others)[1], image(gray_item(), 2))[0] == 0
        node.log.wait("association-closed", 2)
        with scu(node) as peer, scu(node) as other:  # there is room for three images again
            for one, count in ((peer, 2), (other, 1)):
                _, answer = one.film(one.session(), "STANDARD\\2,1")
                for position, uid in enumerate(boxes(answer)[:count], 1):
                    assert one.set(GRAY, uid, image(gray_item(), position))[0] == 0


def test_annotations_are_written_on_the_film(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session(), AnnotationDisplayFormatID="SIX")
        texts = [str(item.ReferencedSOPInstanceUID) for item in answer.ReferencedBasicAnnotationBoxSequence]
        assert peer.set(TEXT, texts[0], AnnotationPosition=1, TextString="Right hand")[0] == 0
        assert peer.set(TEXT, texts[5], AnnotationPosition=7, TextString="x")[0] == INVALID_VALUE
        assert peer.set(TEXT, texts[5], AnnotationPosition=0, TextString="x")[0] == INVALID_VALUE
        assert peer.set(TEXT, "1.2.3", AnnotationPosition=1, TextString="x")[0] == 0x0112
        peer.set(GRAY, boxes(answer)[0], image(gray_item(0)))
        assert peer.act(FILM, film)[0] == 0
    where = usual_layout("STANDARD\\1,1", annotated=True)
    assert where.head is not None
    with Image.open(printed(tmp_path)[0]) as drawn:
        pixels = np.asarray(drawn)
    head = pixels[where.head.top : where.head.top + where.head.height]
    assert (head[:, : where.width // 3] > 200).sum() > 100
    assert (head[:, where.width // 2 :] == 0).all()
    assert (pixels[where.head.top + where.head.height :] == 0).all()
