"""The printer and its configuration."""

from __future__ import annotations

from pathlib import Path

from dimsetools.dataset.normalized import PRINT_COLOR, PRINT_GRAYSCALE
from tests.scp.printing.jobs import CONFIGURATION, PRINTER, THE_CONFIGURATION, THE_PRINTER, printer, scu


def test_the_printer_is_ready(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        status, answer = peer.get(PRINTER, THE_PRINTER)
        assert (status, answer.PrinterStatus, answer.PrinterStatusInfo) == (0, "NORMAL", "NORMAL")
        status, answer = peer.get(PRINTER, THE_PRINTER, [0x21100010])
        assert (status, len(answer)) == (0, 1)
        status, answer = peer.get(PRINTER, THE_PRINTER, [0x21100010, 0x00100010])
        assert (status, peer.identifiers) == (0x0107, [0x00100010])


def test_there_is_one_printer_and_one_configuration(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        assert peer.get(PRINTER, "1.2.3")[0] == 0x0112
        assert peer.get(CONFIGURATION, "1.2.3")[0] == 0x0112


def test_the_configuration_names_what_can_be_had(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        status, answer = peer.get(CONFIGURATION, THE_CONFIGURATION)
        assert status == 0
        found = answer.PrinterConfigurationSequence
        assert [item.SOPClassesSupported for item in found] == [PRINT_GRAYSCALE, PRINT_COLOR]
        assert [(item.MemoryBitDepth, item.PrintingBitDepth) for item in found] == [(12, 16), (8, 8)]
        sizes = {media.FilmSizeID for media in found[0].MediaInstalledSequence}
        assert {"8INX10IN", "14INX17IN", "A4"} <= sizes
