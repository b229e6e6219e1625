from __future__ import annotations

import pytest

from dimsetools.services import store


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries follow at once."""
    monkeypatch.setattr(store, "FIRST_PAUSE", 0.0)
