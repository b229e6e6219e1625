"""The series, studies and patients that indexed objects belong to, and whose attributes each of them has.

The attributes of a series, a study and a patient are those of its latest object: by the time of the object's
file, then by SOP Instance UID. The patient of a study is that object's, too. What has no object goes.

A series remembers how many instances it has, and of which SOP classes.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable

from dimsetools.archive import sql
from dimsetools.archive.columns import PATIENT, SERIES, STUDY
from dimsetools.archive.extract import Entities

_REMEMBERED = 4096  # forgetting an entity costs a look-up

Latest = tuple[int, str]
"""Time of the file in nanoseconds, SOP Instance UID."""


class Entity:
    """A series, study or patient as its row has it.

    `key` is its level and what identifies it, `latest` its latest object, None while that is not known.
    """

    __slots__ = ("key", "latest", "number", "values")

    def __init__(
        self, key: tuple[str, ...], number: int, values: tuple[object, ...], latest: Latest | None = None
    ) -> None:
        self.key = key
        self.number = number
        self.values = values
        self.latest = latest

    @property
    def level(self) -> str:
        """Its level."""
        return self.key[0]

    def has(self, found: Entities) -> bool:
        """Tell whether an object belongs to it."""
        if self.level == PATIENT:
            return self.key[1] == found.identity
        return self.key[1:] == (found.study_uid, found.series_uid)[: len(self.key) - 1]


class Hierarchy:
    """Keeps the rows above the images in line with them; `read` returns the attributes of a file."""

    def __init__(self, connection: sqlite3.Connection, read: Callable[[str], Entities | None]) -> None:
        self._execute = connection.execute
        self._read = read
        self._known: dict[tuple[str, ...], Entity] = {}
        self._classes: dict[int, set[str]] = {}
        self._counts: Counter[int] = Counter()

    def forget(self) -> None:
        """Forget what rows are remembered to have, and the counts that are not written yet."""
        self._known.clear()
        self._classes.clear()
        self._counts.clear()

    def flush(self) -> None:
        """Write what is to be written at the end of a transaction."""
        for series, count in self._counts.items():
            self._execute(sql.COUNT_IN_SERIES, (count, series))
        self._counts.clear()
        if len(self._known) > _REMEMBERED:
            self.forget()

    def place(self, found: Entities, key: Latest) -> tuple[Entity, Entity]:
        """Return series and study of an object, made if they are missing."""
        study = self._study(found.study_uid)
        if study is None:
            patient = self._patient(found, key)
            study = self._make(
                (STUDY, found.study_uid), (patient.number, *found.study), (found.identity, *found.study), key
            )
        series = self._series(study, found.series_uid)
        if series is None:
            name = (SERIES, found.study_uid, found.series_uid)
            series = self._make(name, (study.number, *found.series), found.series, key)
        return series, study

    def count(self, series: int, change: int) -> None:
        """Note that a series has more or fewer instances."""
        self._counts[series] += change

    def note_class(self, series: int, sop_class: str) -> None:
        """Note that a series has an instance of a SOP class."""
        classes = self._classes.get(series)
        if classes is None:
            (joined,) = self._execute(sql.GET_CLASSES, (series,)).fetchone()
            classes = self._classes[series] = set(joined.split("\\")) if joined else set()
        if sop_class not in classes:
            classes.add(sop_class)
            self._execute(sql.SET_CLASSES, ("\\".join(sorted(classes)), series))

    def above(self, series: int) -> list[Entity]:
        """Return series, study and patient of a series' row, as they are before a change."""
        identity, study_uid, series_uid = self._execute(sql.FIND_PARENTS, (series,)).fetchone()
        study = self._study(study_uid)
        assert study is not None
        found = [self._series(study, series_uid), study, self._find_patient(identity)]
        return [self._with_latest(entity) for entity in found if entity is not None]

    def added(self, found: Entities, key: Latest, series: Entity, study: Entity) -> None:
        """Give the entities of an object that was just added its attributes, if it is their latest."""
        if self._wins(series, key, found.series):
            self._write(series, (study.number, *found.series), found.series)
        left = None
        if self._wins(study, key, (found.identity, *found.study)):
            left = self._write_study(study, found, key)
        if study.values[0] == found.identity:
            patient = self._patient(found, key)
            if self._wins(patient, key, found.patient):
                self._write_patient(patient, found)
        if left is not None:
            self.settle([left], "", None)

    def settle(self, entities: list[Entity], uid: str, new: Entities | None) -> None:
        """Bring entities into line after the object `uid` of theirs has changed to `new`, or gone."""
        pending = {entity.key: entity for entity in entities}
        for level in (SERIES, STUDY, PATIENT):
            for entity in [entity for entity in pending.values() if entity.level == level]:
                for patient in self._settle(entity, uid, new):
                    pending.setdefault(patient.key, patient)

    # -- steps ----------------------------------------------------------------------------------------

    def _settle(self, entity: Entity, uid: str, new: Entities | None) -> list[Entity]:
        """Bring one into line; return the patients that a study has left and joined."""
        level = entity.level
        latest = self._execute(sql.LATEST[level], (entity.number,)).fetchone()
        if latest is None:
            self._execute(sql.DELETE[level], (entity.number,))
            self._known.pop(entity.key, None)
            if level == SERIES:  # whose number the next series may get
                self._classes.pop(entity.number, None)
                self._counts.pop(entity.number, None)
            return []
        if level == SERIES:
            self._collect_classes(entity.number)
        mtime, owner, path = latest
        if owner == uid and new is not None:
            found: Entities | None = new
        elif entity.latest == (mtime, owner):
            return []
        else:
            found = self._read(path)
        entity.latest = (mtime, owner)
        if found is None or not entity.has(found):
            # Its file is gone, or another writer's whose row is yet to come: what there is stays till then.
            return []
        if level == STUDY:
            left = self._write_study(entity, found, entity.latest)
            joined = self._find_patient(found.identity)
            return [patient for patient in (left, joined) if patient is not None]
        if level == SERIES:
            study = self._study(entity.key[1])
            assert study is not None
            self._write(entity, (study.number, *found.series), found.series)
        else:
            self._write_patient(entity, found)
        return []

    def _wins(self, entity: Entity, key: Latest, values: tuple[object, ...]) -> bool:
        """Whether an object that was just added is the latest and says something new."""
        if values == entity.values:
            if entity.latest is not None and key > entity.latest:
                entity.latest = key
            return False
        self._with_latest(entity)
        if entity.latest is not None and key < entity.latest:
            return False
        entity.latest = key
        return True

    def _with_latest(self, entity: Entity) -> Entity:
        if entity.latest is None:
            latest = self._execute(sql.LATEST[entity.level], (entity.number,)).fetchone()
            entity.latest = None if latest is None else (latest[0], latest[1])
        return entity

    def _collect_classes(self, series: int) -> None:
        self._classes.pop(series, None)
        classes = [name for (name,) in self._execute(sql.COLLECT_CLASSES, (series,))]
        self._execute(sql.SET_CLASSES, ("\\".join(classes), series))

    # -- rows -----------------------------------------------------------------------------------------

    def _study(self, uid: str) -> Entity | None:
        return self._found((STUDY, uid), sql.FIND_STUDY, (uid,))

    def _series(self, study: Entity, uid: str) -> Entity | None:
        return self._found((SERIES, study.key[1], uid), sql.FIND_SERIES, (study.number, uid))

    def _find_patient(self, identity: str) -> Entity | None:
        return self._found((PATIENT, identity), sql.FIND_PATIENT, (identity,))

    def _patient(self, found: Entities, key: Latest) -> Entity:
        patient = self._find_patient(found.identity)
        if patient is None:
            row = (found.identity, *found.name_keys, *found.patient)
            patient = self._make((PATIENT, found.identity), row, found.patient, key)
        return patient

    def _found(self, key: tuple[str, ...], statement: str, values: tuple[object, ...]) -> Entity | None:
        entity = self._known.get(key)
        if entity is None:
            row = self._execute(statement, values).fetchone()
            if row is not None:
                entity = self._known[key] = Entity(key, row[0], row[1:])
        return entity

    def _make(
        self, key: tuple[str, ...], row: tuple[object, ...], values: tuple[object, ...], latest: Latest
    ) -> Entity:
        number = self._execute(sql.INSERT[key[0]], row).lastrowid
        assert number is not None
        entity = self._known[key] = Entity(key, number, values, latest)
        return entity

    def _write(self, entity: Entity, row: tuple[object, ...], values: tuple[object, ...]) -> None:
        if values != entity.values:
            self._execute(sql.UPDATE[entity.level], (*row, entity.number))
            entity.values = values

    def _write_study(self, study: Entity, found: Entities, key: Latest) -> Entity | None:
        """Give a study the attributes and the patient of an object; return the patient it has left."""
        before = str(study.values[0])
        patient = self._patient(found, key)
        self._write(study, (patient.number, *found.study), (found.identity, *found.study))
        return self._find_patient(before) if before != found.identity else None

    def _write_patient(self, patient: Entity, found: Entities) -> None:
        self._write(patient, (found.identity, *found.name_keys, *found.patient), found.patient)
