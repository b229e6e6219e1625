"""What the code must look like: formatted, linted, typed, layered, in files of a size one can read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MOST_LINES = 400

# Modules that no test of their room names, and the test that goes through them.
TESTED_THROUGH = {
    "dimsetools/__main__.py": "tests/commands/test_echo.py",
    "dimsetools/archive/ledger_sql.py": "tests/archive/test_ledger.py",
    "dimsetools/commands/admitting.py": "tests/commands/test_listen.py",
    "dimsetools/commands/committing.py": "tests/commands/test_commit.py",
    "dimsetools/commands/hearing.py": "tests/commands/test_awaiting.py",
    "dimsetools/commands/inputs.py": "tests/commands/test_store_inputs.py",
    "dimsetools/commands/demo_node.py": "tests/commands/test_demo.py",
    "dimsetools/commands/retrieving.py": "tests/commands/test_get.py",
    "dimsetools/commands/scp_node.py": "tests/commands/test_scp.py",
    "dimsetools/commands/scheduled.py": "tests/commands/test_mpps.py",
    "dimsetools/commands/shell_run.py": "tests/commands/test_shell.py",
    "dimsetools/commands/stepping.py": "tests/commands/test_mpps.py",
    "dimsetools/commands/ups_verbs.py": "tests/commands/test_ups.py",
    "dimsetools/config/settings.py": "tests/config/test_config.py",
    "dimsetools/docgen/nodes.py": "tests/docgen/test_manual.py",
    "dimsetools/options/addressing.py": "tests/options/test_session.py",
    "dimsetools/options/negotiation.py": "tests/options/test_session.py",
    "dimsetools/options/operation.py": "tests/options/test_command.py",
    "dimsetools/options/timeouts.py": "tests/options/test_session.py",
    "dimsetools/options/waiting.py": "tests/commands/test_commit.py",
    "dimsetools/render/delimited.py": "tests/render/test_formats.py",
    "dimsetools/render/dicom_json.py": "tests/render/test_formats.py",
    "dimsetools/render/dump.py": "tests/render/test_formats.py",
    "dimsetools/render/json.py": "tests/render/test_formats.py",
    "dimsetools/render/table.py": "tests/render/test_formats.py",
    "dimsetools/render/xml.py": "tests/render/test_formats.py",
    "dimsetools/scp/operation.py": "tests/scp/test_get.py",
    "dimsetools/scp/retrieval.py": "tests/scp/test_get.py",
    "dimsetools/scp/verification.py": "tests/scp/test_server.py",
}


def tool(name: str) -> str:
    """A program installed beside this Python."""
    return str(Path(sys.executable).with_name(name))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "argv",
    [
        ["ruff", "format", "--check", "."],
        ["ruff", "check", "."],
        ["mypy"],
        ["lint-imports"],
    ],
    ids=" ".join,
)
def test_a_tool_has_nothing_to_say(argv: list[str]) -> None:
    done = subprocess.run([tool(argv[0]), *argv[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def sources(*folders: str) -> list[Path]:
    """Every Python file below the folders, relative to the repository."""
    return sorted(path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py"))


def test_files_stay_readable() -> None:
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in sources("dimsetools", "tests")}
    assert {path: count for path, count in lengths.items() if count > MOST_LINES} == {}


def is_tested(module: Path) -> bool:
    """Whether the room's tests have a file of the module's name, or one that imports the module."""
    room = ROOT / "tests" / module.parent.relative_to("dimsetools")
    if (room / f"test_{module.name}").exists():
        return True
    name = ".".join(module.with_suffix("").parts)
    parent, _, own = name.rpartition(".")
    # Both ways to import a module: by its full name, and out of its package.
    imported = re.compile(rf"\b{re.escape(name)}\b|from {re.escape(parent)} import [^\n]*\b{own}\b")
    return any(imported.search(path.read_text()) for path in room.glob("test_*.py"))


def test_every_module_has_its_tests() -> None:
    missing = [
        str(path)
        for path in sources("dimsetools")
        if path.name != "__init__.py" and str(path) not in TESTED_THROUGH and not is_tested(path)
    ]
    assert missing == [], "\n".join(missing)


def test_exceptions_to_the_rule_are_true() -> None:
    named = [path for pair in TESTED_THROUGH.items() for path in pair if not (ROOT / path).exists()]
    assert named == []
    assert [path for path in TESTED_THROUGH if is_tested(Path(path))] == []


def test_ci_runs_the_command_that_readme_promises() -> None:
    command = (ROOT / ".ci" / "run").read_text().splitlines()[-1]
    assert command.endswith(".venv/bin/pytest")
    assert command in (ROOT / "README.md").read_text()
