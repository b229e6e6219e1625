from __future__ import annotations

from pathlib import Path

import pytest

from dimsetools.render.prompt import Prompt, history_file


def test_the_history_lies_where_state_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert history_file() == "/state/dimse/history"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert history_file() == "/home/me/.local/state/dimse/history"


def test_a_history_that_cannot_be_kept_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    prompt = Prompt("> ", lambda _before, _text: [])
    with prompt.remembering(str(tmp_path / "file" / "history")):
        pass
    with prompt.remembering(str(tmp_path / "new" / "history")):
        pass
    assert (tmp_path / "new" / "history").stat().st_mode & 0o777 == 0o600
