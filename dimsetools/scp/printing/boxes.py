"""Image boxes and annotation boxes (PS3.4 H.4.3, H.4.4): what is on a film."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import Attribute, Attributes, texts
from dimsetools.dataset.normalized import CLASSES
from dimsetools.dataset.print_rules import ANNOTATION, COLOR_BOX, GRAYSCALE_BOX
from dimsetools.film.fitting import MOST_ASPECT, TooLarge
from dimsetools.film.frames import Frame
from dimsetools.film.sheet import MOST_TEXT, Content
from dimsetools.scp.faults import INVALID_ATTRIBUTE_VALUE
from dimsetools.scp.normalized import Asked, Done, Refusal
from dimsetools.scp.printing.densities import check_order, warned, within
from dimsetools.scp.printing.jobs import (
    META,
    AnnotationBox,
    ImageBox,
    PresentationLut,
    PrintService,
    counting,
    done,
    invalid,
    number,
    tag,
    word,
)
from dimsetools.uids import EXPLICIT_BE

if TYPE_CHECKING:
    from dimsetools.film.layout import Layout

IMAGE_TOO_LARGE = 0xC603
LOSSES = {
    "demagnified": (0xB604, "the image is larger than its box and was made smaller"),
    "cropped": (0xB609, "the image is larger than its box and was cropped"),
    "decimated": (0xB60A, "the image is larger than its box and was decimated"),
}
"""By `Fit.loss`: the warning, and what it says."""
_COLOR = CLASSES["color-image-box"].uid
_PIXELS = tag("PixelData")


class ImageBoxes(PrintService):
    """Takes the images of films, gray or in colour."""

    sop_classes = (CLASSES["image-box"].uid, _COLOR)
    most = 64 * 1024 * 1024 + 65536
    """A frame of 64 MiB, and what is around it."""

    def set(self, asked: Asked) -> Done:
        """Put an image into its box, in place of the one before; an empty sequence erases that."""
        jobs = self._associations.of(asked)
        box = jobs.find(asked, ImageBox)
        color = asked.sop_class == _COLOR
        rules = COLOR_BOX if color else GRAYSCALE_BOX
        wanted = counting(asked, rules)
        sent = within(wanted)
        if word(sent, "ImageBoxPosition") != str(box.position):
            raise invalid("ImageBoxPosition", f"the box has position {box.position}")
        sequence = tag("BasicColorImageSequence" if color else "BasicGrayscaleImageSequence")
        items = sent.pop(sequence, Attribute("SQ")).values
        lut = jobs.named(sent, "ReferencedPresentationLUTSequence", PresentationLut)
        changed = ImageBox(box.uid, box.sop_class, sent, box.position, box.film)
        changed.lut = None if lut is None else lut.lut
        check_order(box.film.attributes | sent)
        answer = warned(done(asked, rules, None), wanted)
        if items:
            changed.frame = _frame(items, color=color, swapped=asked.context.transfer_syntax == EXPLICIT_BE)
            changed.inverse = word(items[0], "PhotometricInterpretation") == "MONOCHROME1"
            loss = _loss(content(changed), box)
            if loss:
                status, comment = LOSSES[loss]
                answer = answer._replace(status=status, comment=comment)
        jobs.replace(box, changed.frame)
        box.attributes, box.inverse, box.lut = sent, changed.inverse, changed.lut
        return answer


def content(box: ImageBox) -> Content:
    """Return what is to be drawn in a box that has a frame, and how; the film says what the box does not."""
    assert box.frame is not None
    own, film = box.attributes, box.film.attributes
    densities = film | own
    low, high = (number(densities, keyword) for keyword in ("MinDensity", "MaxDensity"))
    return Content(
        box.frame,
        box.inverse != (word(own, "Polarity") == "REVERSE"),
        word(own, "MagnificationType") or word(film, "MagnificationType"),
        number(own, "RequestedImageSize") or None,
        word(own, "RequestedDecimateCropBehavior"),
        low,
        max(low, high),
        box.film.lut if box.lut is None else box.lut,
    )


def _loss(wanted: Content, box: ImageBox) -> str:
    """Return what is lost of an image in its box; Refusal if none of it may be."""
    layout: Layout = box.film.layout
    if wanted.width is not None and not 0 < wanted.width <= max(layout.size):
        raise invalid("RequestedImageSize", "no width that the film has, in mm")
    try:
        return wanted.fit(layout.boxes[box.position - 1], layout).loss
    except TooLarge as error:
        raise Refusal(IMAGE_TOO_LARGE, str(error)) from None


def _frame(items: tuple[Attributes, ...], *, color: bool, swapped: bool) -> Frame:
    """Return the one image of a sequence; `swapped`: its words are big endian."""
    item = items[0]
    if len(items) > 1:
        raise Refusal(INVALID_ATTRIBUTE_VALUE, "an image box has one image", (_PIXELS,))
    rows, columns, bits = (int(number(item, keyword)) for keyword in ("Rows", "Columns", "BitsStored"))
    if (bits > 8) != (word(item, "BitsAllocated") == "16"):
        raise invalid("BitsAllocated", "8 bits are allocated for 8, 16 for 12")
    pixels = item[_PIXELS]
    data = pixels.values[0] if pixels.values and isinstance(pixels.values[0], bytes) else b""
    length = rows * columns * (3 if color else 1) * (2 if bits > 8 else 1)
    if not length or len(data) not in (length, length + length % 2):
        raise invalid("PixelData", f"it has {len(data)} bytes, {columns} x {rows} pixels have {length}")
    if swapped and pixels.vr == "OW":
        words = array("H", data)
        words.byteswap()
        data = words.tobytes()
    data = data[:length]
    if color and word(item, "PlanarConfiguration") == "0":
        data = data[0::3] + data[1::3] + data[2::3]
    return Frame(rows, columns, color, bits, _aspect(item), data)


def _aspect(item: Attributes) -> tuple[int, int]:
    """Return height and width of a pixel (PS3.3 C.7.6.3.1.7)."""
    values = texts(item, tag("PixelAspectRatio"))
    if not values:
        return 1, 1
    height, width = map(int, values) if len(values) == 2 and all(map(str.isdecimal, values)) else (0, 0)
    if height < 1 or width < 1 or not 1 / MOST_ASPECT <= height / width <= MOST_ASPECT:
        raise invalid("PixelAspectRatio", f"two numbers, at most {MOST_ASPECT:g} to 1")
    return height, width


class AnnotationBoxes(PrintService):
    """Takes the texts of films: three above the images and three below, where a film has them."""

    sop_classes = (CLASSES["annotation-box"].uid,)
    contexts = META | {CLASSES["annotation-box"].uid: b""}

    def set(self, asked: Asked) -> Done:
        """Write a text, in place of the one before, where the requestor wants it.

        That is the position of another box where a requestor takes the first box that it finds (dcmprscu).
        """
        box = self._associations.of(asked).find(asked, AnnotationBox)
        sent = counting(asked, ANNOTATION)
        position = number(sent, "AnnotationPosition")
        if position not in range(1, MOST_TEXT + 1):
            raise invalid("AnnotationPosition", f"1 to {MOST_TEXT}")
        box.position, box.attributes = int(position), sent
        return done(asked, ANNOTATION, None)
