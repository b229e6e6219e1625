from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.commands.asking import Dimse
from tests.commands.desk import Desk
from tests.commands.desk import desk as opened


@pytest.fixture
def dimse(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Dimse:
    """The program in this process."""
    return Dimse(capsys, monkeypatch)


@pytest.fixture(scope="session")
def shared_desk() -> Iterator[Desk]:
    """One desk for all tests of this process."""
    with opened() as desk:
        yield desk


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    """A pynetdicom AE for all N- services, as if nobody had asked it anything."""
    shared_desk.reset()
    return shared_desk
