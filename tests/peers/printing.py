"""DCMTK's print server as a peer: it keeps each film that it prints as an object, and its images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.peers.process import Peer, required, server

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
Hostname = localhost
Port = {port}
Type = LOCALPRINTER
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
    for name in ("log", "spool", "database", "lut"):
        (folder / name).mkdir()
    aet = "PRINTER"

    def command(port: int) -> list[str]:
        config = folder / "printer.cfg"
        omit = str(omit_class).lower()
        config.write_text(CONFIG.format(folder=folder, port=port, aet=aet, omit=omit))
        return [program, "-v", "+d", "-c", str(config), "-p", aet]

    with server(command, aet=aet, folder=folder / "database", log=folder / "dcmprscp.log") as peer:
        yield peer


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
