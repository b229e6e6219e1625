"""The printer as SCUs see it: its state, what it can do, and the jobs it has done (PS3.4 H.4.5 to H.4.11)."""

from __future__ import annotations

from dimsetools.dataset.attributes import Attribute, Attributes, sorted_attributes
from dimsetools.dataset.normalized import CLASSES, PRINT_COLOR, PRINT_GRAYSCALE
from dimsetools.film.density import LEAST, MOST
from dimsetools.film.layout import FILM_SIZES, MM_PER_INCH
from dimsetools.scp.faults import NO_SUCH_SOP_INSTANCE
from dimsetools.scp.normalized import Asked, Done, Refusal, Service
from dimsetools.scp.printing.films import RESOLUTIONS
from dimsetools.scp.printing.jobs import META, PrintJob, PrintService, attribute, tag

NAME = "DIMSE FILMS"
_PRINTER, _CONFIGURATION, _JOB = (CLASSES[name] for name in ("printer", "printer-configuration", "print-job"))
_MEDIA = ("CLEAR FILM", "BLUE FILM", "PAPER")
_FORMATS = ("STANDARD", "ROW", "COL")
_MANUFACTURER = (
    attribute("Manufacturer", "dimsetools") | attribute("ManufacturerModelName", "film files")
)  # fmt: skip


class Printers(Service):
    """Tells of the printer, which is always ready (H.4.6)."""

    sop_classes = (_PRINTER.uid,)
    contexts = META | {_PRINTER.uid: b""}

    def get(self, asked: Asked) -> Done:
        """Return the state of the printer."""
        if asked.sop_instance != _PRINTER.instance:
            raise Refusal(NO_SUCH_SOP_INSTANCE, "there is one printer, the well-known instance")
        state = attribute("PrinterStatus", "NORMAL") | attribute("PrinterStatusInfo", "NORMAL")
        return Done(sorted_attributes(_MANUFACTURER | state | attribute("PrinterName", NAME)))


class Configurations(Service):
    """Tells what the printer can do (H.4.11)."""

    sop_classes = (_CONFIGURATION.uid,)
    contexts = META | {_CONFIGURATION.uid: b""}

    def get(self, asked: Asked) -> Done:
        """Return one configuration for each meta class."""
        if asked.sop_instance != _CONFIGURATION.instance:
            raise Refusal(NO_SUCH_SOP_INSTANCE, "there is one configuration, the well-known instance")
        items = (_configuration(PRINT_GRAYSCALE, 12, 16), _configuration(PRINT_COLOR, 8, 8))
        return Done(_sequence("PrinterConfigurationSequence", items))


def _sequence(keyword: str, items: tuple[Attributes, ...]) -> Attributes:
    return {tag(keyword): Attribute("SQ", items)}


def _configuration(meta: str, memory_bits: int, printed_bits: int) -> Attributes:
    dpi = RESOLUTIONS["STANDARD"]
    spacing = f"{MM_PER_INCH / dpi:.5f}"
    media = tuple(
        attribute("ItemNumber", str(number))
        | attribute("MediumType", _MEDIA[0])
        | attribute("FilmSizeID", size)
        | attribute("MinDensity", int(LEAST))
        | attribute("MaxDensity", int(MOST))
        for number, size in enumerate(FILM_SIZES, start=1)
    )
    formats = tuple(
        attribute("ImageDisplayFormat", f"{kind}\\n")
        | attribute("FilmOrientation", "PORTRAIT")
        | attribute("FilmSizeID", "14INX17IN")
        | attribute("PrinterResolutionID", "STANDARD")
        | attribute("PrinterPixelSpacing", spacing, spacing)
        | attribute("RequestedImageSizeFlag", "YES")
        for kind in _FORMATS
    )
    return sorted_attributes(
        _MANUFACTURER
        | attribute("SOPClassesSupported", meta)
        | attribute("MaximumMemoryAllocation", "0")
        | attribute("MemoryBitDepth", memory_bits)
        | attribute("PrintingBitDepth", printed_bits)
        | _sequence("MediaInstalledSequence", media)
        | _sequence("SupportedImageDisplayFormatsSequence", formats)
        | attribute("DefaultPrinterResolutionID", "STANDARD")
        | attribute("DefaultMagnificationType", "CUBIC")
        | attribute("OtherMagnificationTypesAvailable", "REPLICATE", "BILINEAR", "NONE")
        | attribute("MaximumCollatedFilms", "64")
        | attribute("PrinterName", NAME)
    )


class PrintJobs(PrintService):
    """Tells of the jobs of an association, which are done when it hears of them (H.4.5)."""

    sop_classes = (_JOB.uid,)
    contexts = META | {_JOB.uid: b""}

    def get(self, asked: Asked) -> Done:
        """Return the state of a job."""
        return Done(self._associations.of(asked).find(asked, PrintJob).attributes)
