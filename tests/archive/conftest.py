from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dimsetools.archive.objects import Durability, ObjectStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    with ObjectStore(str(tmp_path), durability=Durability.NONE) as opened:
        yield opened
