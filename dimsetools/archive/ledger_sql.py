# ruff: noqa: S608 - the statements are put together of texts that stand here
"""All SQL of the ledger: its tables, and what is written to and read from them."""

from __future__ import annotations

VERSION = 1
"""PRAGMA user_version: what is in a ledger of another version is not ours to guess."""

_ENTRIES = (
    "CREATE TABLE entries (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, uid TEXT NOT NULL, "
    "state TEXT NOT NULL, attributes BLOB NOT NULL, more TEXT NOT NULL, created REAL NOT NULL, "
    "changed REAL NOT NULL, UNIQUE (kind, uid))"
)
# A number is never given twice: what was delivered meanwhile must not be taken for what came later.
_REPORTS = (
    "CREATE TABLE reports (number INTEGER PRIMARY KEY AUTOINCREMENT, aet TEXT NOT NULL, "
    "sop_class TEXT NOT NULL, sop_instance TEXT NOT NULL, event INTEGER NOT NULL, attributes BLOB, "
    "attempts INTEGER NOT NULL, due REAL NOT NULL, posted REAL NOT NULL)"
)
SCHEMA = (
    _ENTRIES,
    _REPORTS,
    "CREATE INDEX entry_state ON entries (kind, state)",
    "CREATE INDEX entry_age ON entries (kind, created)",
    "CREATE INDEX report_recipient ON reports (aet, sop_class, number)",
    f"PRAGMA user_version = {VERSION}",
)

_ENTRY = "SELECT kind, uid, state, attributes, more, created, changed FROM entries"
GET = f"{_ENTRY} WHERE kind = ? AND uid = ?"
ENTRIES = f"{_ENTRY} WHERE kind = ? ORDER BY number"
ENTRIES_IN = f"{_ENTRY} WHERE kind = ? AND state = ? ORDER BY number"
PUT = (
    "INSERT INTO entries (kind, uid, state, attributes, more, created, changed) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (kind, uid) DO UPDATE SET state = excluded.state, attributes = excluded.attributes, "
    "more = excluded.more, changed = excluded.changed"
)
REMOVE = "DELETE FROM entries WHERE kind = ? AND uid = ?"
REMOVE_OLD = "DELETE FROM entries WHERE kind = ? AND created < ?"

POST = (
    "INSERT INTO reports (aet, sop_class, sop_instance, event, attributes, attempts, due, posted) "
    "VALUES (?, ?, ?, ?, ?, 0, ?, ?)"
)
_REPORT = "SELECT number, aet, sop_class, sop_instance, event, attributes, attempts, due, posted FROM reports"
DUE = f"{_REPORT} ORDER BY number"
FIRST = f"{_REPORT} WHERE number IN (SELECT min(number) FROM reports GROUP BY aet, sop_class) ORDER BY number"
"""The report that is next for each recipient and SOP class: those behind it wait for it."""
FORGET = "DELETE FROM reports WHERE number = ?"
POSTPONE = "UPDATE reports SET due = ?, attempts = ? WHERE number = ?"
