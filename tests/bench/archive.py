"""An index of as many instances as one wants, made in seconds and without their files.

Ten years of studies, one patient a study on average; no file is there, so nothing can be retrieved.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from dimsetools.archive import guard, persons, sql
from dimsetools.archive.columns import COLUMNS, IMAGE, LEVELS, PATIENT, SERIES, STUDY
from dimsetools.archive.guard import NAME, Guard
from tests.corpus import CT_IMAGE, EXPLICIT_LE, ROOT

FIRST_DAY, DAYS = date(2016, 1, 1), 3650
_GIVEN = ("Anna", "Ben", "Chen", "Dora", "Emil", "Fatima", "Goro", "Hana", "Ivan", "Jana")
_BODY_PARTS = ("HEAD", "CHEST", "ABDOMEN", "KNEE", "")
_MODALITIES = ("CT", "MR", "US", "CR", "PT", "SR")

Rows = Iterator[tuple[object, ...]]


def make_index(folder: Path, studies: int = 10_000, series: int = 5, instances: int = 20) -> None:
    """Fill the index of an empty folder: `series` in each study, `instances` in each series."""
    token = guard.new_token()
    with closing(guard.connect_to_build(str(folder / NAME))) as connection:
        guard.make_tables(connection)
        connection.execute(sql.BEGIN)
        for level, rows in (
            (PATIENT, _patients(studies)),
            (STUDY, _studies(studies)),
            (SERIES, _series(studies * series, series)),
            (IMAGE, _images(studies * series * instances, instances)),
        ):
            connection.executemany(sql.INSERT[level], rows)
        counts = ((instances, number) for number in range(1, studies * series + 1))
        connection.executemany(sql.COUNT_IN_SERIES, counts)
        connection.executemany(
            sql.SET_CLASSES, ((CT_IMAGE, number) for number in range(1, studies * series + 1))
        )
        connection.execute(sql.SET_STATE, (token, 1))
        connection.execute(sql.COMMIT)
    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    with closing(Guard(root, str(folder), durable=False)) as lock:
        lock.note(token)
    os.close(root)


def study_day(number: int) -> str:
    """The date of a study."""
    day = FIRST_DAY + timedelta(days=number * 7919 % DAYS)
    return day.strftime("%Y%m%d")


def _row(level: str, own: tuple[object, ...], **values: object) -> tuple[object, ...]:
    assert values.keys() <= {column.keyword for column in COLUMNS[level]}
    return (*own, *(values.get(column.keyword) for column in COLUMNS[level]))


def _patients(count: int) -> Rows:
    chosen = random.Random(1)
    for number in range(1, count + 1):
        name = f"Family{chosen.randrange(count):05}^{chosen.choice(_GIVEN)}"
        identity = f"P{number:07}"
        yield _row(
            PATIENT, (f"{identity}\\", *persons.groups(name)),
            PatientID=identity, PatientName=name, PatientBirthDate=f"{1930 + number % 80}0101",
            PatientSex="MFO"[number % 3],
        )  # fmt: skip


def _studies(count: int) -> Rows:
    chosen = random.Random(2)
    for number in range(1, count + 1):
        yield _row(
            STUDY, (chosen.randrange(count) + 1,),
            StudyInstanceUID=f"{ROOT}.1.{number}", StudyDate=study_day(number),
            StudyTime=f"{number % 24:02}{number % 60:02}00", AccessionNumber=f"A{number:08}",
            StudyID=str(number), StudyDescription=f"Study of number {number}",
            ReferringPhysicianName=f"Doctor{number % 100}^Ref",
        )  # fmt: skip


def _series(count: int, per_study: int) -> Rows:
    for number in range(count):
        yield _row(
            SERIES, (number // per_study + 1,),
            SeriesInstanceUID=f"{ROOT}.2.{number}", SeriesNumber=str(number % per_study + 1),
            Modality=_MODALITIES[(number // per_study + number % per_study // 4) % len(_MODALITIES)],
            SeriesDescription=f"Series {number % per_study + 1}", BodyPartExamined=_BODY_PARTS[number % 5],
        )  # fmt: skip


def _images(count: int, per_series: int) -> Rows:
    for number in range(count):
        uid = f"{ROOT}.3.{number}"
        own = (
            number // per_series + 1,
            f"{uid}.dcm",
            EXPLICIT_LE,
            526_000,
            1_700_000_000_000_000_000 + number,
        )
        yield _row(
            IMAGE, own,
            SOPInstanceUID=uid, SOPClassUID=CT_IMAGE, InstanceNumber=str(number % per_series + 1),
            Rows=512, Columns=512, BitsAllocated=16, PhotometricInterpretation="MONOCHROME2",
            ImageType="ORIGINAL\\PRIMARY\\AXIAL",
        )  # fmt: skip


assert LEVELS == (PATIENT, STUDY, SERIES, IMAGE)
