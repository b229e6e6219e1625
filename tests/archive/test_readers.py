"""Queries read side by side, each with a connection that nobody else uses."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dimsetools.archive.readers import Readers


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = str(tmp_path / "database")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE numbers (n)")
        connection.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(10)])
        connection.commit()
    return path


def test_a_connection_is_used_again_when_its_query_has_ended(database: str) -> None:
    with closing(Readers(database)) as readers:
        first, second = (readers.rows("SELECT n FROM numbers WHERE n >= ?", (n,)) for n in (3, 8))
        assert next(first) == (3,)
        assert [*second] == [(8,), (9,)]
        (idle,) = readers._idle
        first.close()
        assert len(readers._idle) == 2
        assert [*readers.rows("SELECT count(*) FROM numbers", ())] == [(10,)]
        assert idle in readers._idle


def test_of_many_only_some_are_kept(database: str) -> None:
    with closing(Readers(database)) as readers:
        many = [readers.rows("SELECT n FROM numbers", ()) for _ in range(20)]
        for rows in many:
            assert next(rows) == (0,)
        for rows in many:
            rows.close()
        assert len(readers._idle) == 16


def test_nothing_can_be_written(database: str) -> None:
    with closing(Readers(database)) as readers, pytest.raises(sqlite3.OperationalError):
        next(readers.rows("DELETE FROM numbers", ()))


def test_a_query_that_nobody_wants_any_more_ends(database: str) -> None:
    endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"
    with closing(Readers(database)) as readers:
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            next(readers.rows(endless, (), lambda: True))
        assert [*readers.rows("SELECT count(*) FROM numbers", ())] == [(10,)]
