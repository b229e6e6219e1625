from __future__ import annotations

from pathlib import Path

from dimsetools.association.stop import Stop
from dimsetools.dataset.attributes import text
from dimsetools.errors import InputError
from dimsetools.services.headers import Header, headers
from dimsetools.services.selection import Skipped
from tests.corpus import make_file, shipped_objects

WANTED = frozenset((0x00080005, 0x00100010, 0x0020000D, 0x00400275))


def test_only_what_is_wanted_is_read_and_who_the_object_is(tmp_path: Path) -> None:
    made = make_file(tmp_path / "x.dcm", 1)
    (found,) = headers([str(made.path)], WANTED)
    assert isinstance(found, Header)
    assert set(found.attributes) <= WANTED | {0x00080016, 0x00080018}
    assert text(found.attributes, 0x00080018) == found.meta.sop_instance_uid
    assert text(found.attributes, 0x00100010)


def test_what_is_no_object_is_told_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("text")
    passed = Skipped("y", InputError("a FIFO"))
    found = list(headers([str(tmp_path / "x.txt"), passed, str(tmp_path / "gone")], WANTED))
    assert [one.path for one in found] == [str(tmp_path / "x.txt"), "y", str(tmp_path / "gone")]
    assert all(isinstance(one, Skipped) for one in found)


def test_objects_of_every_syntax_are_read() -> None:
    paths = [str(one.path) for one in shipped_objects()][:60]
    found = [one for one in headers(paths, WANTED) if isinstance(one, Header)]
    assert len({one.meta.transfer_syntax for one in found}) > 5
    assert all(text(one.attributes, 0x00080016) for one in found)


def test_a_stop_ends_the_reading(tmp_path: Path) -> None:
    made = make_file(tmp_path / "x.dcm", 1)
    stop = Stop()
    stop.request()
    assert list(headers([str(made.path)], WANTED, stop=stop)) == []
    stop.close()
