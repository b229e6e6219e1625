from __future__ import annotations

import os
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from dimsetools.association.stop import Stop
from dimsetools.errors import InputError, InputUnreadable
from dimsetools.services import examine as module
from dimsetools.services.examine import STRICT, Item, Leniency, Remark, examine
from dimsetools.services.selection import Skipped
from tests import corpus
from tests.corpus import make_dataset, make_file, preamble_and_meta, shipped_objects


def _examine(*paths: Path, leniency: Leniency | None = None) -> list[Item | Skipped | Remark]:
    return list(examine(map(str, paths), leniency or Leniency()))


def test_an_item_tells_what_to_send(tmp_path: Path) -> None:
    made = make_file(tmp_path / "a.dcm", 3, syntax=corpus.IMPLICIT_LE)
    (item,) = _examine(made.path)
    assert isinstance(item, Item)
    status = os.stat(made.path)
    assert (item.path, item.size, item.changed) == (str(made.path), status.st_size, status.st_mtime_ns)
    meta = item.meta
    assert (meta.sop_class_uid, meta.sop_instance_uid, meta.transfer_syntax) == (
        made.sop_class,
        made.sop_instance,
        made.transfer_syntax,
    )
    assert made.path.read_bytes()[meta.offset : meta.offset + meta.length] == made.dataset


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("hello\nworld\n")


def _prefix_only(path: Path) -> None:
    path.write_bytes(bytes(128) + b"DICM")


def _cut_meta(path: Path) -> None:
    path.write_bytes(preamble_and_meta(corpus.CT_IMAGE, "1.2.3", corpus.EXPLICIT_LE)[:200])


def _meta_only(path: Path) -> None:
    path.write_bytes(preamble_and_meta(corpus.CT_IMAGE, "1.2.3", corpus.EXPLICIT_LE))


def _cut_header(path: Path) -> None:
    data = make_dataset(0)
    path.write_bytes(preamble_and_meta(corpus.CT_IMAGE, f"{corpus.ROOT}.3.0", corpus.EXPLICIT_LE) + data[:60])


def _cut_pixels(path: Path) -> None:
    made = make_file(path, 0)
    os.truncate(made.path, made.path.stat().st_size - 10)


def _wrong_syntax(path: Path) -> None:
    data = make_dataset(0, syntax=corpus.IMPLICIT_LE)
    path.write_bytes(preamble_and_meta(corpus.CT_IMAGE, f"{corpus.ROOT}.3.0", corpus.EXPLICIT_LE) + data)


def _no_uids(path: Path) -> None:
    path.write_bytes(
        preamble_and_meta("", "", corpus.EXPLICIT_LE) + corpus.element(0x10, 0x10, b"PN", b"Nobody")
    )


def _unfinished_fragments(path: Path) -> None:
    made = make_file(path, 0, syntax=corpus.JPEG_BASELINE)
    os.truncate(made.path, made.path.stat().st_size - 8)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_empty, "an empty file"),
        (_text, "a text file"),
        (_prefix_only, "nothing behind 'DICM'"),
        (_cut_meta, "truncated inside its File Meta Information"),
        (_meta_only, "no data set"),
        (_cut_header, "truncated at offset"),
        (_cut_pixels, "truncated at offset"),
        (_wrong_syntax, "encoded as Implicit VR Little Endian"),
        (_no_uids, "no SOP class UID"),
        (_unfinished_fragments, "truncated at offset"),
    ],
)
def test_what_is_no_whole_object_is_skipped_for_a_reason(
    tmp_path: Path, make: Callable[[Path], None], reason: str
) -> None:
    make(tmp_path / "bad")
    good = make_file(tmp_path / "good", 7)
    bad, item = _examine(tmp_path / "bad", good.path)
    assert isinstance(bad, Skipped)
    assert type(bad.error).exit_code == InputError.exit_code
    assert reason in str(bad.error)
    assert isinstance(item, Item)


def test_truncated_objects_go_when_they_may(tmp_path: Path) -> None:
    _cut_pixels(tmp_path / "cut")
    (refused,) = _examine(tmp_path / "cut")
    assert isinstance(refused, Skipped)
    assert "--allow-truncated" in refused.error.hint
    (refused,) = _examine(tmp_path / "cut", leniency=STRICT)
    assert isinstance(refused, Skipped)
    assert refused.error.hint == ""
    (item,) = _examine(tmp_path / "cut", leniency=Leniency(truncated=True))
    assert isinstance(item, Item)
    assert item.meta.offset + item.meta.length == item.size


@pytest.mark.parametrize("syntax", [corpus.EXPLICIT_LE, corpus.IMPLICIT_LE, corpus.DEFLATED_LE])
def test_surplus_bytes_are_left_out_when_they_may(tmp_path: Path, syntax: str) -> None:
    made = make_file(tmp_path / "a", 0, syntax=syntax)
    with made.path.open("ab") as file:
        file.write(bytes(100))
    (refused,) = _examine(made.path)
    assert isinstance(refused, Skipped)
    assert "--trim" in refused.error.hint
    (item,) = _examine(made.path, leniency=Leniency(trim=True))
    assert isinstance(item, Item)
    assert item.meta.length == len(made.dataset)


def test_what_a_deflated_stream_holds_must_be_whole_too(tmp_path: Path) -> None:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = stream.compress(make_dataset(0)[:-10]) + stream.flush()
    meta = preamble_and_meta(corpus.CT_IMAGE, f"{corpus.ROOT}.3.0", corpus.DEFLATED_LE)
    (tmp_path / "a").write_bytes(meta + data + bytes(100))
    (refused,) = _examine(tmp_path / "a", leniency=Leniency(trim=True))
    assert isinstance(refused, Skipped)
    assert "truncated" in str(refused.error)


def test_a_deflated_stream_is_walked_up_to_a_limit(tmp_path: Path) -> None:
    """Beyond it the object is sent as it is: memory has to suffice, and nobody here needs what is in it."""
    deflate = zlib.compressobj(wbits=-15)
    pixels = corpus.element(0x7FE0, 0x10, b"OB", bytes(40 << 20))
    data = deflate.compress(corpus.element(8, 0x18, b"UI", b"1.2.3\0") + pixels)
    del pixels
    data += deflate.flush()
    path = tmp_path / "huge"
    path.write_bytes(preamble_and_meta(corpus.CT_IMAGE, "1.2.3", corpus.DEFLATED_LE) + data)
    tracemalloc.start()
    try:
        (item,) = _examine(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(item, Item)
    assert peak < 72 << 20


def test_neither_leniency_lets_the_other_fault_pass(tmp_path: Path) -> None:
    _cut_pixels(tmp_path / "cut")
    made = make_file(tmp_path / "long", 0)
    with made.path.open("ab") as file:
        file.write(bytes(100))
    assert isinstance(_examine(tmp_path / "cut", leniency=Leniency(trim=True))[0], Skipped)
    assert isinstance(_examine(made.path, leniency=Leniency(truncated=True))[0], Skipped)


def test_a_guessed_syntax_is_remarked(tmp_path: Path) -> None:
    (tmp_path / "bare").write_bytes(make_dataset(0, syntax=corpus.IMPLICIT_LE))
    remark, item = _examine(tmp_path / "bare")
    assert isinstance(remark, Remark)
    assert "Implicit VR Little Endian" in remark.text
    assert isinstance(item, Item)
    assert (item.meta.transfer_syntax, item.meta.offset) == (corpus.IMPLICIT_LE, 0)


def test_the_same_uid_is_remarked_only_if_the_content_differs(tmp_path: Path) -> None:
    first = make_file(tmp_path / "1", 5)
    same = make_file(tmp_path / "2", 5)
    longer = make_file(tmp_path / "3", 5, size=4096)
    changed = tmp_path / "4"
    changed.write_bytes(first.path.read_bytes()[:-1] + b"\xff")
    kinds = [type(entry) for entry in _examine(first.path, same.path, longer.path, changed)]
    assert kinds == [Item, Item, Remark, Item, Remark, Item]


def test_contents_are_compared_only_where_uid_and_length_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [make_file(tmp_path / "1", 5).path, make_file(tmp_path / "2", 6).path]
    paths.append(make_file(tmp_path / "3", 5, size=4096).path)

    def never(item: Item) -> bytes:
        raise AssertionError(item.path)

    monkeypatch.setattr(module, "_digest", never)
    _examine(*paths)


def test_a_first_file_that_has_gone_differs(tmp_path: Path) -> None:
    first, second = make_file(tmp_path / "1", 5), make_file(tmp_path / "2", 5)
    found = examine([str(first.path), str(second.path)])
    assert isinstance(next(found), Item)
    first.path.unlink()
    assert [type(entry) for entry in found] == [Remark, Item]


def test_what_cannot_be_opened_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "self").symlink_to(tmp_path / "self")
    for path in (tmp_path / "missing", tmp_path / "self"):
        (entry,) = _examine(path)
        assert isinstance(entry, Skipped)
        assert isinstance(entry.error, InputUnreadable)


def test_a_fifo_that_took_the_place_of_a_file_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (entry,) = _examine(tmp_path / "pipe")
    assert isinstance(entry, Skipped)
    assert "a FIFO" in str(entry.error)


def test_skipped_paths_pass_through(tmp_path: Path) -> None:
    skipped = Skipped("x", InputError("no"))
    assert list(examine([skipped])) == [skipped]


def test_nothing_is_examined_after_a_stop(tmp_path: Path) -> None:
    stop = Stop()
    made = [make_file(tmp_path / name, number).path for number, name in enumerate("abc")]
    found = examine(map(str, made), stop=stop)
    assert isinstance(next(found), Item)
    stop.request()
    assert list(found) == []
    stop.close()


def test_shipped_files_are_items_as_pydicom_sees_them() -> None:
    known = {str(entry.path): entry for entry in shipped_objects()}
    items = [entry for entry in examine(known) if isinstance(entry, Item)]
    assert len(items) > len(known) * 0.8
    for item in items:
        entry = known[item.path]
        assert item.meta.sop_instance_uid == entry.sop_instance
        assert item.meta.transfer_syntax == entry.transfer_syntax
        assert item.meta.offset == entry.offset


def test_an_odd_number_of_bytes_is_for_deflated_data_alone(tmp_path: Path) -> None:
    made = make_file(tmp_path / "a", 0, syntax=corpus.DEFLATED_LE)
    number = 0
    while len(made.dataset) % 2 == 0:
        number += 1
        made = make_file(tmp_path / "a", number, syntax=corpus.DEFLATED_LE)
    assert isinstance(_examine(made.path)[0], Item)
    odd = corpus.attributes(0, corpus.CT_IMAGE, "1.2.3", corpus.EXPLICIT_LE, 1, 1)
    odd += corpus.element(0x7FE0, 0x10, b"OB", b"12", length=3) + b"3"
    (tmp_path / "b").write_bytes(preamble_and_meta(corpus.CT_IMAGE, "1.2.3", corpus.EXPLICIT_LE) + odd)
    (refused,) = _examine(tmp_path / "b")
    assert isinstance(refused, Skipped)
    assert "an odd number" in str(refused.error)
    assert isinstance(_examine(tmp_path / "b", leniency=Leniency(truncated=True))[0], Item)
