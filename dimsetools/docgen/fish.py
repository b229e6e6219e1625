"""Completion for fish."""

from __future__ import annotations

from collections.abc import Sequence

from dimsetools.config.files import LOCAL_FILE, SYSTEM_FILE
from dimsetools.docgen.keywords import KEYWORDS
from dimsetools.docgen.nodes import NODE_TABLES, VARIABLES
from dimsetools.docgen.tree import Command, Fill, Option, flat

_HEAD = f"""\
# fish completion for dimse; written by python -m dimsetools.docgen

function __dimse_nodes
    set -l home $HOME/.config
    set -q XDG_CONFIG_HOME; and set home $XDG_CONFIG_HOME
    begin
        for file in "$DIMSE_CONFIG" {LOCAL_FILE} $home/dimse/config.toml {SYSTEM_FILE}
            test -r "$file"; and sed -n '{NODE_TABLES}' $file
        end
        env | sed -n '{VARIABLES}'
    end | sort -u
end

set -g __dimse_keywords {" ".join(KEYWORDS)}

function __dimse_keys
    string match -qr = -- (commandline -ct); and return
    printf '%s=\\n' $__dimse_keywords
end

function __dimse_attributes
    printf '%s\\n' (string replace -r '[^,]*$' '' -- (commandline -ct))$__dimse_keywords
end

# Tells whether these words come first, and with a - as the last one whether nothing stands behind them.
function __dimse_in
    set -l words (commandline -opc)
    set -l count (count $argv)
    set -e words[1]
    if test "$argv[-1]" = -
        test "$words -" = "$argv"
    else
        test (count $words) -ge $count; and test "$words[1..$count]" = "$argv"
    end
end

# Tells whether argument number $argv[2] of the command $argv[1] is at the cursor, with + that or a later one.
function __dimse_at
    set -l words (commandline -opc)
    set -e words[1..(count dimse (string split ' ' -- $argv[1]))]
    set -l takes (__dimse_takes $argv[1])
    set -l place 0
    set -l value
    for word in $words
        if set -q value[1]
            set -e value
        else if contains -- $word $takes
            set value $word
        else if not string match -q -- '-*' $word
            set place (math $place + 1)
        end
    end
    test $place -eq $argv[2]; or test "$argv[3]" = + -a $place -gt $argv[2]
end

complete -c dimse -f
complete -c dimse -n __fish_use_subcommand -s h -l help -d 'Show the commands'
complete -c dimse -n __fish_use_subcommand -l version -d 'Show the version'
"""


def fish(commands: Sequence[Command]) -> str:
    """Return the script."""
    lines = [_HEAD.rstrip("\n"), "", *_takes(commands), ""]
    lines += [
        f"complete -c dimse -n __fish_use_subcommand -a {command.name} -d {_quoted(command.summary)}"
        for command in commands
    ]
    for group in (command for command in commands if command.verbs):
        head = f"complete -c dimse -n '__dimse_in {group.name} -'"
        lines += ["", f"{head} -s h -l help -d 'Show the verbs'"]
        lines += [f"{head} -a {verb.name.split()[1]} -d {_quoted(verb.summary)}" for verb in group.verbs]
    for command in flat(commands):
        inside = f"__dimse_in {command.name}"
        lines.append("")
        lines += [f"complete -c dimse -n '{inside}' {_option(option)}" for option in command.options]
        for place, argument in enumerate(command.arguments):
            if argument.fill:
                at = f"__dimse_at {_word(command.name)} {place}{' +' if argument.several else ''}"
                value = _value(argument.fill, argument.choices)
                lines.append(f"complete -c dimse -n '{inside}; and {at}' {value}")
    return "\n".join(lines) + "\n"


def _takes(commands: Sequence[Command]) -> list[str]:
    """Return the function that knows which options of a command have a value."""
    lines = ["function __dimse_takes", "    switch $argv[1]"]
    for command in flat(commands):
        words = (word for option in command.options if option.metavar for word in option.spellings)
        lines += [
            f"        case {_word(command.name)}",
            f"            string split ' ' -- '{' '.join(words)}'",
        ]
    return [*lines, "    end", "end"]


def _word(name: str) -> str:
    return f'"{name}"' if " " in name else name


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _option(option: Option) -> str:
    names = [
        f"-l {spelling[2:]}" if spelling.startswith("--") else f"-s {spelling[1:]}"
        for spelling in option.spellings
    ]
    value = [_value(option.fill, option.choices) or "-x"] if option.metavar else []
    needed = ["-r"] if option.fill in ("file", "folder", "key", "attribute") else []
    return " ".join([*names, *needed, *value, "-d", _quoted(option.help.removesuffix("."))])


def _value(fill: Fill, choices: Sequence[str]) -> str:
    if fill == "choice":
        return f"-x -a {_quoted(' '.join(choices))}"
    return {
        "file": "-F",
        "folder": "-x -a '(__fish_complete_directories)'",
        "peer": "-a '(__dimse_nodes)'",
        "key": "-F -a '(__dimse_keys)'",
        "attribute": "-x -a '(__dimse_attributes)'",
    }.get(fill, "")
