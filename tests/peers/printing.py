"""DCMTK's print server as a peer: it keeps each film that it prints as an object, and its images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.peers.process import Peer, required, run, server

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

CONFIG = """\
[[GENERAL]]
[APPLICATION]
LogDirectory = {folder}/log
LogFile = general.log
LogLevel = DEBUG
[PRINT]
Directory = {folder}/spool
DetailedLog = true
BinaryLog = false
DeletePrintJobs = false
[DATABASE]
Directory = {folder}/database
[LUT]
Directory = {folder}/lut
[NETWORK]
aetitle = DCMPSTATE
[[COMMUNICATION]]
[{aet}]
Aetitle = {aet}
Description = Print SCP
Hostname = 127.0.0.1
Port = {port}
Type = {kind}
BorderDensity = 150\\20\\BLACK\\WHITE
DisableNewVRs = false
DisplayFormat=1,1\\1,2\\2,2\\2,3\\3,3
EmptyImageDensity = 20\\BLACK\\WHITE
FilmDestination = MAGAZINE\\PROCESSOR\\BIN_1\\BIN_2
FilmSizeID = 8INX10IN\\14INX17IN
ImplicitOnly = false
MagnificationType = REPLICATE\\BILINEAR\\CUBIC\\NONE
MaxDensity = 320
MaxPDU = 131072
MediumType = PAPER\\CLEAR FILM\\BLUE FILM
MinDensity = 20
OmitSOPClassUIDFromCreateResponse = {omit}
PresentationLUTMatchRequired = false
PresentationLUTinFilmSession = false
ResolutionID = STANDARD\\HIGH
SmoothingType = NONE
Supports12Bit = true
SupportsDecimateCrop = true
SupportsImageSize = true
SupportsPresentationLUT = true
SupportsTrim = true
"""


@contextmanager
def dcmprscp(folder: Path, *, omit_class: bool = False) -> Iterator[Peer]:
    """A dcmprscp with one printer, `PRINTER`; it keeps films (`stored_films`) in its database.

    With `omit_class` its N-CREATE responses lack the Affected SOP Class UID.
    """
    program = required("dcmprscp")
    aet = "PRINTER"

    def command(port: int) -> list[str]:
        config = _config(folder, "LOCALPRINTER", aet, port, omit_class=omit_class)
        return [program, "-v", "+d", "-c", str(config), "-p", aet]

    with server(command, aet=aet, folder=folder / "database", log=folder / "dcmprscp.log") as peer:
        yield peer


def _config(folder: Path, kind: str, aet: str, port: int, *, omit_class: bool = False) -> Path:
    """Write the configuration of DCMTK's print programs, and make the folders that they work in."""
    for name in ("log", "spool", "database", "lut"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    config = folder / "printer.cfg"
    omit = str(omit_class).lower()
    config.write_text(CONFIG.format(folder=folder, kind=kind, port=port, aet=aet, omit=omit))
    return config


def dcmtk_print(
    folder: Path, images: Iterable[Path], aet: str, port: int, *, job: Iterable[str], spooler: Iterable[str]
) -> str:
    """Have dcmpsprt render images into a Stored Print object, and dcmprscu print that; return what they said.

    `job` and `spooler` are options of the two.
    """
    config = _config(folder, "PRINTER", aet, port)
    with config.open("a") as file:
        file.write("Annotation = 2\\ANNOTATION\n")
    common = ["-v", "-c", str(config), "-p", aet]
    rendered = run([required("dcmpsprt"), *common, *job, *map(str, images)])
    (stored,) = (folder / "database").glob("SP_*.dcm")
    printed = run([required("dcmprscu"), *common, *spooler, str(stored)])
    return rendered.stdout + rendered.stderr + printed.stdout + printed.stderr


class Film:
    """A film that dcmprscp has printed: what the film box said, and the images by their positions."""

    def __init__(self, stored: Dataset, images: dict[str, Dataset]) -> None:
        self.box = stored.FilmBoxContentSequence[0]
        self.boxes = {
            int(item.ImageBoxPosition): (
                item,
                images[item.ReferencedImageSequence[0].ReferencedSOPInstanceUID],
            )
            for item in stored.ImageBoxContentSequence
            if item.get("ReferencedImageSequence")
        }


def stored_films(peer: Peer) -> list[Film]:
    """The films that a dcmprscp has printed, in that order."""
    import pydicom

    paths = [path for path in peer.stored() if path.suffix == ".dcm"]
    objects = [pydicom.dcmread(path) for path in sorted(paths, key=lambda path: path.stat().st_mtime_ns)]
    images: dict[str, Dataset] = {str(one.SOPInstanceUID): one for one in objects if "PixelData" in one}
    return [Film(one, images) for one in objects if "FilmBoxContentSequence" in one]
