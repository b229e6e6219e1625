"""`dimse demo`, as a new user runs it."""

from __future__ import annotations

from tests.peers import dimse


def test_the_demo_works_and_shows_what_a_user_would_type() -> None:
    done = dimse.run("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[2] for line in lines if line.startswith("$ dimse ")] == ["echo", "store"]
    assert lines[-1].endswith("objects arrived bit for bit: everything works")


def test_what_the_user_has_configured_does_not_matter() -> None:
    done = dimse.run("demo", env={"DIMSE_NODE_DEMO": "DEMO@192.0.2.1:104", "DIMSE_AEC": "OTHER"})
    assert done.returncode == 0, done.stdout + done.stderr
