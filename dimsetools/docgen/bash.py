"""Completion for bash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dimsetools.docgen.keywords import KEYWORDS
from dimsetools.docgen.nodes import FILES, NODE_TABLES, VARIABLES
from dimsetools.docgen.tree import Argument, Command, Fill, flat

_HEAD = f"""\
# bash completion for dimse; written by python -m dimsetools.docgen

_dimse_nodes() {{
    {{
        sed -n '{NODE_TABLES}' {FILES}
        env | sed -n '{VARIABLES}'
    }} 2>/dev/null | sort -u
}}

# Offers words, or with -f and -d files and folders, that begin with what stands at the cursor.
_dimse_offer() {{
    [[ $1 == -[fd] ]] && compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$@" -- "$current")
}}

_dimse_keywords='{" ".join(KEYWORDS)}'

# Offers keywords, then =, and files of queries.
_dimse_offer_key() {{
    compopt -o nospace -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -S = -W "$_dimse_keywords" -- "$current"; compgen -f -- "$current")
}}

# Offers keywords, also behind a comma.
_dimse_offer_attribute() {{
    local before=${{current%"${{current##*,}}"}}
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$_dimse_keywords" -- "${{current##*,}}")
}}

_dimse() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
    local command= options takes i position=0 first=2
    COMPREPLY=()
    if [[ $current == '=' ]]; then
        current=
    elif [[ $previous == '=' ]]; then
        previous=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    ((COMP_CWORD > 1)) && command=${{COMP_WORDS[1]}}
"""

_VERBS = """\
    if ((COMP_CWORD > 2)); then
        case $command in
            {groups}) command+=" ${{COMP_WORDS[2]}}"; first=3 ;;
        esac
    fi
"""

_MIDDLE = """\
        *) return ;;
    esac
    for ((i = first; i < COMP_CWORD; i++)); do
        if [[ $takes == *" ${COMP_WORDS[i]} "* ]]; then
            ((i++))
            [[ ${COMP_WORDS[i]} == '=' ]] && ((i++))
        elif [[ ${COMP_WORDS[i]} != -* ]]; then
            ((position++))
        fi
    done
    case $command/$previous in
"""

_OPTIONS = """\
        *) [[ $takes == *" $previous "* ]] && return ;;
    esac
    if [[ $current == -* ]]; then
        _dimse_offer -W "$options"
        return
    fi
    case $command/$position in
"""

_TAIL = """\
    esac
}

complete -F _dimse dimse
"""


def bash(commands: Sequence[Command]) -> str:
    """Return the script."""
    lines = [_HEAD.rstrip("\n")]
    groups = [command for command in commands if command.verbs]
    if groups:
        lines.append(_VERBS.rstrip("\n").format(groups=" | ".join(group.name for group in groups)))
    lines.append("    case $command in")
    names = " ".join(command.name for command in commands)
    lines.append(f"        '') _dimse_offer -W '{names} --help --version'; return ;;")
    for group in groups:
        verbs = " ".join(verb.name.split()[1] for verb in group.verbs)
        lines.append(f"        {group.name}) _dimse_offer -W '{verbs} --help'; return ;;")
    single = tuple(flat(commands))
    for command in single:
        words = " ".join(spelling for option in command.options for spelling in option.spellings)
        takes = " ".join(
            spelling for option in command.options if option.metavar for spelling in option.spellings
        )
        lines += [
            f"        {_pattern(command)})",
            f"            options='{words}'",
            f"            takes=' {takes} ' ;;",
        ]
    lines.append(_MIDDLE.rstrip("\n"))
    for offer, patterns in _values(single).items():
        lines += [f"        {pattern} | \\" for pattern in patterns[:-1]]
        lines.append(f"        {patterns[-1]}) {offer}; return ;;")
    lines.append(_OPTIONS.rstrip("\n"))
    for command in single:
        lines += [
            f"        {_pattern(command)}/{place}) {_offer(argument.fill, argument.choices)} ;;"
            for place, argument in _places(command.arguments)
            if argument.fill
        ]
    lines.append(_TAIL.rstrip("\n"))
    return "\n".join(lines) + "\n"


def _pattern(command: Command) -> str:
    return f"'{command.name}'" if " " in command.name else command.name


def _values(commands: Iterable[Command]) -> dict[str, list[str]]:
    """Return what to offer for an option's value, and behind which options."""
    offers: dict[str, list[str]] = {}
    for command in commands:
        for option in command.options:
            if option.fill:
                patterns = (f"{_pattern(command)}/{spelling}" for spelling in option.spellings)
                offers.setdefault(_offer(option.fill, option.choices), []).append(" | ".join(patterns))
    return offers


def _offer(fill: Fill, choices: Sequence[str]) -> str:
    if fill == "choice":
        return f"_dimse_offer -W '{' '.join(choices)}'"
    if fill == "peer":
        return '_dimse_offer -W "$(_dimse_nodes)"'
    return {
        "file": "_dimse_offer -f",
        "folder": "_dimse_offer -d",
        "key": "_dimse_offer_key",
        "attribute": "_dimse_offer_attribute",
    }[fill]


def _places(arguments: Sequence[Argument]) -> list[tuple[str, Argument]]:
    """Return a pattern for the position of each argument; one that may be repeated takes all that follow."""
    return [("*" if argument.several else str(place), argument) for place, argument in enumerate(arguments)]
