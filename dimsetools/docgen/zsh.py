"""Completion for zsh."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dimsetools.docgen.keywords import KEYWORDS
from dimsetools.docgen.nodes import FILES, NODE_TABLES, VARIABLES
from dimsetools.docgen.tree import Argument, Command, Fill, Option

_HEAD = f"""\
#compdef dimse
# zsh completion for dimse; written by python -m dimsetools.docgen

_dimse_nodes() {{
    local -a nodes
    nodes=(${{(fu)"$({{
        sed -n '{NODE_TABLES}' {FILES}
        env | sed -n '{VARIABLES}'
    }} 2>/dev/null)"}})
    _describe 'node' nodes
}}

typeset -ga _dimse_keywords=({" ".join(KEYWORDS)})

_dimse_keys() {{
    compadd -S = -a _dimse_keywords
    _files
}}

_dimse_attributes() {{
    compset -P '*,'
    compadd -a _dimse_keywords
}}

_dimse() {{
    local curcontext=$curcontext state line
    typeset -A opt_args
    _arguments -C \\
        '(- *)'{{-h,--help}}'[show the commands]' \\
        '(- *)--version[show the version]' \\
        '1:command:->command' \\
        '*::argument:->argument'
    case $state in
        command)
            local -a commands
            commands=(
"""

_MIDDLE = """\
            )
            _describe 'command' commands
            ;;
        argument)
            curcontext=${curcontext%:*}-$line[1]:
            case $line[1] in
"""

_TAIL = """\
            esac
            ;;
    esac
}

_dimse "$@"
"""


def zsh(commands: Sequence[Command]) -> str:
    """Return the script."""
    lines = [_HEAD.rstrip("\n")]
    lines += [f"                {_quoted(f'{command.name}:{command.summary}')}" for command in commands]
    lines.append(_MIDDLE.rstrip("\n"))
    for command in commands:
        block = _verbs(command) if command.verbs else _arguments(command)
        lines += [f"                {command.name})", *(f"                    {line}" for line in block)]
        lines.append("                    ;;")
    lines.append(_TAIL.rstrip("\n"))
    return "\n".join(lines) + "\n"


def _arguments(command: Command) -> list[str]:
    """Return the call that completes one command."""
    specs = [spec for option in command.options for spec in _option(option)]
    specs += [_argument(argument) for argument in command.arguments]
    return ["_arguments -s -S \\", *(f"    {spec} \\" for spec in specs[:-1]), f"    {specs[-1]}"]


def _verbs(group: Command) -> list[str]:
    """Return the block that completes a verb and what stands behind it."""
    lines = ["local -a verbs", "verbs=("]
    lines += [f"    {_quoted(f'{verb.name.split()[1]}:{verb.summary}')}" for verb in group.verbs]
    lines += [
        ")",
        "_arguments -C \\",
        "    '(- *)'{-h,--help}'[show the verbs]' \\",
        "    '1:verb:->verb' \\",
        "    '*::argument:->argument'",
        "case $state in",
        "    verb) _describe 'verb' verbs ;;",
        "    argument)",
        "        curcontext=${curcontext%:*}-$line[1]:",
        "        case $line[1] in",
    ]
    for verb in group.verbs:
        lines += [f"            {verb.name.split()[1]})"]
        lines += [f"                {line}" for line in _arguments(verb)]
        lines += ["                ;;"]
    return [*lines, "        esac", "        ;;", "esac"]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _spec(text: str) -> str:
    """Escape what _arguments reads as its own punctuation."""
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def _option(option: Option) -> list[str]:
    value = f":{_spec(option.metavar)}:{_action(option.fill, option.choices)}" if option.metavar else ""
    specs = []
    for spelling in option.spellings:
        joint = "" if not option.metavar else "=" if spelling.startswith("--") else "+"
        others = (
            "*" if option.repeatable else f"({' '.join(option.spellings)})" if option.spellings[1:] else ""
        )
        specs.append(_quoted(f"{others}{spelling}{joint}[{_spec(option.help.removesuffix('.'))}]{value}"))
    return specs


def _argument(argument: Argument) -> str:
    place = "*" if argument.several else "" if argument.required else ":"
    return _quoted(f"{place}:{_spec(argument.metavar)}:{_action(argument.fill, argument.choices)}")


def _action(fill: Fill, choices: Sequence[str]) -> str:
    if fill == "choice":
        return f"({' '.join(choices)})"
    return {
        "file": "_files",
        "folder": "_files -/",
        "peer": "_dimse_nodes",
        "key": "_dimse_keys",
        "attribute": "_dimse_attributes",
    }.get(fill, " ")
