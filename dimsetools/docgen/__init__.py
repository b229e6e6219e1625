"""Writes man/ and completions/ from the command tree, so that neither can say what the program does not do.

`python -m dimsetools.docgen` writes the files; a test compares them with what is committed. Nothing else
imports this room.
"""

from __future__ import annotations

from dimsetools.docgen.bash import bash
from dimsetools.docgen.configuration import configuration_page
from dimsetools.docgen.fish import fish
from dimsetools.docgen.manual import command_page, main_page
from dimsetools.docgen.tree import tree
from dimsetools.docgen.zsh import zsh

__all__ = ["documents"]


def documents() -> dict[str, str]:
    """Return the text of every generated file by its path in the project."""
    commands = tree()
    pages = {f"man/dimse-{command.name}.1": command_page(command) for command in commands}
    return {
        "man/dimse.1": main_page(commands),
        **pages,
        "man/dimse.toml.5": configuration_page(),
        "completions/dimse.bash": bash(commands),
        "completions/_dimse": zsh(commands),
        "completions/dimse.fish": fish(commands),
    }
