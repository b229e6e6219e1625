# ruff: noqa: S608 - the statements are put together of names that stand in this program
"""All SQL of the index: its tables, what is written, and the pieces that a query is put together from.

Values never stand in a statement, they are bound to it. Column names are keywords of `columns`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from dimsetools.archive import columns as kept
from dimsetools.archive.columns import COLUMNS, IMAGE, LEVELS, PATIENT, SERIES, STUDY

VERSION = 1
"""PRAGMA user_version: an index of another version has to be made anew."""

TABLES = {PATIENT: "patients", STUDY: "studies", SERIES: "series", IMAGE: "images"}
NAME_KEYS = ("name_1", "name_2", "name_3")

# What a table has beside the attributes: it comes first in each row that is written.
_OWN = {
    PATIENT: ("identity", *NAME_KEYS),
    STUDY: ("patient",),
    SERIES: ("study",),
    IMAGE: ("series", "path", "syntax", "size", "mtime"),
}
_NUMBERS = frozenset(("patient", "study", "series", "size", "mtime"))


def _names(level: str) -> tuple[str, ...]:
    return (*_OWN[level], *(column.keyword for column in COLUMNS[level]))


def _table(level: str, *more: str) -> str:
    own = (f"{name}{' INTEGER' if name in _NUMBERS else ''} NOT NULL" for name in _OWN[level])
    unique, *others = (column.keyword for column in COLUMNS[level])
    unique += "" if level == PATIENT else " NOT NULL"
    columns = ("id INTEGER PRIMARY KEY", *own, unique, *others, *more)
    return f"CREATE TABLE {TABLES[level]} ({', '.join(columns)})"


SCHEMA = (
    "CREATE TABLE state (token TEXT NOT NULL, clean INTEGER NOT NULL)",
    "INSERT INTO state VALUES ('', 1)",
    _table(PATIENT),
    _table(STUDY),
    _table(SERIES, "instances INTEGER NOT NULL DEFAULT 0", "sop_classes NOT NULL DEFAULT ''"),
    _table(IMAGE),
)
INDEXES = (
    "CREATE UNIQUE INDEX patient_identity ON patients (identity)",
    "CREATE INDEX patient_id ON patients (PatientID)",
    *(f"CREATE INDEX patient_{name} ON patients ({name})" for name in NAME_KEYS),
    "CREATE UNIQUE INDEX study_uid ON studies (StudyInstanceUID)",
    "CREATE INDEX study_patient ON studies (patient)",
    "CREATE INDEX study_date ON studies (StudyDate)",
    "CREATE INDEX study_accession ON studies (AccessionNumber)",
    "CREATE UNIQUE INDEX series_uid ON series (study, SeriesInstanceUID)",
    "CREATE INDEX series_uid_alone ON series (SeriesInstanceUID)",
    "CREATE UNIQUE INDEX image_uid ON images (SOPInstanceUID)",
    "CREATE INDEX image_series ON images (series, mtime)",
)

# -- opening ------------------------------------------------------------------------------------------

WRITE_AHEAD = "PRAGMA journal_mode = WAL"
SYNCED, NOT_SYNCED = "PRAGMA synchronous = FULL", "PRAGMA synchronous = OFF"
SYNCHRONOUS = {"full": SYNCED, "file": "PRAGMA synchronous = NORMAL", "none": NOT_SYNCED}
"""By durability: NORMAL syncs the log before it is copied, so that the database is always a whole one."""
LOG_PAGES = 1000
"""How long the log becomes, in pages, before it is copied into the database and begins anew."""
TUNING = ("PRAGMA cache_size = -32768", f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
GET_PAGE_SIZE = "PRAGMA page_size"
BULK = ("PRAGMA journal_mode = OFF", NOT_SYNCED, "PRAGMA cache_size = -131072")
READ_ONLY = "PRAGMA query_only = ON"
CHECK = "PRAGMA quick_check(1)"
GET_VERSION, SET_VERSION = "PRAGMA user_version", f"PRAGMA user_version = {VERSION}"
COUNT_TABLES = "SELECT count(*) FROM sqlite_schema"
GET_STATE = "SELECT token, clean FROM state"
SET_STATE = "UPDATE state SET token = ?, clean = ?"
BEGIN, BEGIN_TEMPORARY, COMMIT, ROLLBACK = "BEGIN IMMEDIATE", "BEGIN", "COMMIT", "ROLLBACK"

# -- writing ------------------------------------------------------------------------------------------

INSERT = {
    level: f"INSERT INTO {TABLES[level]} ({', '.join(_names(level))}) "
    f"VALUES ({', '.join('?' * len(_names(level)))})"
    for level in LEVELS
}
UPDATE = {
    level: f"UPDATE {TABLES[level]} SET {', '.join(f'{name} = ?' for name in _names(level))} WHERE id = ?"
    for level in LEVELS
}
DELETE = {level: f"DELETE FROM {TABLES[level]} WHERE id = ?" for level in LEVELS}

_ATTRIBUTES = {level: ", ".join(column.keyword for column in COLUMNS[level]) for level in LEVELS}
FIND_PATIENT = f"SELECT id, {_ATTRIBUTES[PATIENT]} FROM patients WHERE identity = ?"
FIND_STUDY = (
    f"SELECT studies.id, identity, {_ATTRIBUTES[STUDY]} "
    "FROM studies JOIN patients ON patients.id = patient WHERE StudyInstanceUID = ?"
)
FIND_SERIES = f"SELECT id, {_ATTRIBUTES[SERIES]} FROM series WHERE study = ? AND SeriesInstanceUID = ?"
FIND_IMAGE = "SELECT id, path, size, mtime, series FROM images WHERE SOPInstanceUID = ?"
FIND_PARENTS = (
    "SELECT identity, StudyInstanceUID, SeriesInstanceUID FROM series "
    "JOIN studies ON studies.id = study JOIN patients ON patients.id = patient WHERE series.id = ?"
)
COUNT_IN_SERIES = "UPDATE series SET instances = instances + ? WHERE id = ?"
GET_CLASSES = "SELECT sop_classes FROM series WHERE id = ?"
COLLECT_CLASSES = "SELECT DISTINCT SOPClassUID FROM images WHERE series = ? ORDER BY SOPClassUID"
SET_CLASSES = "UPDATE series SET sop_classes = ? WHERE id = ?"

_LATEST_FIRST = "ORDER BY mtime DESC, SOPInstanceUID DESC LIMIT 1"
_LATEST_OF_EACH = f"(SELECT images.id FROM images WHERE images.series = series.id {_LATEST_FIRST})"
LATEST = {
    SERIES: f"SELECT mtime, SOPInstanceUID, path FROM images WHERE series = ? {_LATEST_FIRST}",
    STUDY: (
        "SELECT mtime, SOPInstanceUID, path FROM images "
        f"WHERE id IN (SELECT {_LATEST_OF_EACH} FROM series WHERE study = ?) {_LATEST_FIRST}"
    ),
    PATIENT: (
        "SELECT mtime, SOPInstanceUID, path FROM images "
        f"WHERE id IN (SELECT {_LATEST_OF_EACH} FROM studies JOIN series ON study = studies.id "
        f"WHERE patient = ?) {_LATEST_FIRST}"
    ),
}
"""The object of a series, study or patient that its attributes are those of."""

# -- comparing with the files -------------------------------------------------------------------------

SEEN = "CREATE TEMP TABLE seen (path PRIMARY KEY, size INTEGER, mtime INTEGER) WITHOUT ROWID"
ADD_SEEN = "INSERT OR REPLACE INTO seen VALUES (?, ?, ?)"
FIND_OUTDATED = (
    "CREATE TEMP TABLE outdated AS SELECT SOPInstanceUID AS uid, images.path AS path, "
    "(seen.path IS NOT NULL) + ifnull(seen.size <> images.size, 0) AS is_there "
    "FROM images LEFT JOIN seen ON seen.path = images.path "
    "WHERE seen.path IS NULL OR seen.size <> images.size OR seen.mtime <> images.mtime"
)
"""Rows whose file is not there (0), is of another time (1), of another size (2)."""
FIND_UNKNOWN = "CREATE TEMP TABLE unknown AS SELECT path FROM seen EXCEPT SELECT path FROM images"
OUTDATED_ROWS = "SELECT uid, path, is_there FROM outdated"
FILES_WITHOUT_ROW = "SELECT path FROM unknown ORDER BY path"
FORGET_DIFFERENCES = ("DROP TABLE seen", "DROP TABLE outdated", "DROP TABLE unknown")
COUNT_IMAGES = "SELECT count(*) FROM images"

# -- reading ------------------------------------------------------------------------------------------

_OF_STUDY = "FROM series WHERE series.study = studies.id"
_OF_PATIENT = "FROM studies AS own JOIN series AS part ON part.study = own.id WHERE own.patient = patients.id"
_COMPUTED = {
    kept.PATIENT_STUDIES: "(SELECT count(*) FROM studies AS own WHERE own.patient = patients.id)",
    kept.PATIENT_SERIES: f"(SELECT count(*) {_OF_PATIENT})",
    kept.PATIENT_INSTANCES: f"(SELECT sum(part.instances) {_OF_PATIENT})",
    kept.MODALITIES_IN_STUDY: "(SELECT group_concat(part.Modality, '\\') FROM series AS part "
    "WHERE part.study = studies.id)",
    kept.SOP_CLASSES_IN_STUDY: "(SELECT group_concat(part.sop_classes, '\\') FROM series AS part "
    "WHERE part.study = studies.id)",
    kept.STUDY_SERIES: "(SELECT count(*) FROM series AS part WHERE part.study = studies.id)",
    kept.STUDY_INSTANCES: "(SELECT sum(part.instances) FROM series AS part WHERE part.study = studies.id)",
    kept.SERIES_INSTANCES: "series.instances",
    kept.INSTANCE_AVAILABILITY: "'ONLINE'",
    kept.AVAILABLE_SYNTAX: "images.syntax",
}
_JOINS = {
    SERIES: "JOIN series ON series.id = images.series",
    STUDY: "JOIN studies ON studies.id = series.study",
    PATIENT: "JOIN patients ON patients.id = studies.patient",
}
# Objects without a study or series are kept and can be retrieved, but are no entities of a query.
_REAL = {
    PATIENT: "patients.identity <> '\\\\'",
    STUDY: "studies.StudyInstanceUID <> ''",
    SERIES: "series.SeriesInstanceUID <> ''",
}
_INSTANCE = "images.path, images.SOPClassUID, images.SOPInstanceUID, images.syntax, images.size"

Statement = tuple[str, tuple[str, ...]]
Condition = Statement
"""A statement or condition, and the values that are bound to it."""


def attribute(level: str, tag: int) -> str:
    """Return the expression of an attribute of a level."""
    if tag in _COMPUTED:
        return _COMPUTED[tag]
    keyword = next(column.keyword for column in COLUMNS[level] if column.tag == tag)
    return f"{TABLES[level]}.{keyword}"


def select(
    level: str, highest: str, expressions: Sequence[str], conditions: Iterable[Condition]
) -> Statement:
    """Return the query for the entities of a level; `highest` is the highest level that it speaks of."""
    parts = [*conditions]
    depth = LEVELS.index(level)
    top = min(LEVELS.index(highest), depth)
    joined = LEVELS[top : depth + 1]
    parts += [(_REAL[name], ()) for name in joined if name in _REAL and (name != PATIENT or name == level)]
    joins = " ".join(_JOINS[name] for name in reversed(joined[:-1]))
    where = " AND ".join(text for text, _ in parts) or "1"
    values = tuple(value for _, bound in parts for value in bound)
    return f"SELECT {', '.join(expressions) or '1'} FROM {TABLES[level]} {joins} WHERE {where}", values


def select_instances(conditions: Sequence[Condition]) -> Statement:
    """Return the query for the files of instances."""
    joins = " ".join(_JOINS[name] for name in (SERIES, STUDY, PATIENT))
    where = " AND ".join(text for text, _ in conditions)
    values = tuple(value for _, bound in conditions for value in bound)
    return f"SELECT {_INSTANCE} FROM images {joins} WHERE {where} ORDER BY images.series, images.id", values


def either(conditions: Sequence[Condition]) -> Condition:
    """Return the condition that one of several holds."""
    texts = " OR ".join(text for text, _ in conditions)
    return f"({texts})", tuple(value for _, bound in conditions for value in bound)


def one_of(expression: str, values: Sequence[str]) -> Condition:
    """Return the condition that an expression has one of the values."""
    if len(values) == 1:
        return f"{expression} = ?", (values[0],)
    return f"{expression} IN (SELECT value FROM json_each(?))", (json.dumps(list(values)),)


def between(expression: str, first: str, last: str) -> Condition:
    """Return the condition that text lies between two values, both included."""
    return f"{expression} BETWEEN ? AND ?", (first, last)


def begins_with(expression: str, beginning: str) -> Condition:
    """Return the condition that text begins so."""
    return f"({expression} >= ? AND {expression} < ?)", (beginning, beginning + "\U0010ffff")


def contains(expression: str, piece: str) -> Condition:
    """Return the condition that text contains a piece."""
    return f"instr({expression}, ?) > 0", (piece,)


def with_modality(values: Sequence[str]) -> Condition:
    """Return the condition that a study has a series of one of the modalities."""
    text, bound = one_of("part.Modality", values)
    return f"EXISTS (SELECT 1 FROM series AS part WHERE part.study = studies.id AND {text})", bound


def name_key(number: int) -> str:
    """Return the expression of a component group of a patient's name as it is compared."""
    return f"patients.{NAME_KEYS[number]}"
