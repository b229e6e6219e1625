"""The manual pages of `dimse` and of each command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files

from dimsetools import __version__
from dimsetools.config.files import SYSTEM_FILE
from dimsetools.docgen.exits import EXITS
from dimsetools.docgen.roff import Page, bold, escaped, italic
from dimsetools.docgen.tree import Argument, Command, Option, Section, flat
from dimsetools.options.dcmtk import CALLING, COMMON, FIND, QUERY, SCP, STORE, Refused, Use

SOURCE = f"dimse {__version__}"
MANUAL = "DICOM message service"

PEERS = (
    (
        "NAME",
        "A node of the configuration, see dimse.toml(5). Case does not count, nor the difference of - and _.",
    ),
    (
        "AET@HOST:PORT",
        "Called AE title, host name or address, port. IPv6 addresses stand in brackets: [::1]:104.",
    ),
    ("HOST:PORT", "The same with the AE title of --aec, else ANY-SCP."),
    ("HOST PORT", "The same in two words, unless HOST is the name of a node."),
)
FILES = (
    ("$DIMSE_CONFIG", "Configuration that comes before all others, if the variable is set."),
    ("./dimse.toml", "Configuration of the working folder."),
    (
        "$XDG_CONFIG_HOME/dimse/config.toml",
        "Configuration of the user; without the variable below ~/.config.",
    ),
    (SYSTEM_FILE, "Configuration of the machine."),
)
ENVIRONMENT = (
    ("DIMSE_NODE_NAME", "AET@HOST:PORT or HOST:PORT: defines the node NAME."),
    (
        "DIMSE_WORD",
        "Sets a word of dimse.toml(5) for every node: DIMSE_LOCAL_AET, DIMSE_ACSE_TIMEOUT, DIMSE_TLS_CA, ...",
    ),
    ("DIMSE_CONFIG", "A configuration file to read first."),
    ("DIMSE_PROFILE", "The profile to use where --profile is not given."),
    ("NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR, TERM", "Colours, in this order, after --color."),
)


def command_page(command: Command) -> str:
    """Return the page of one command, with a section for each of its verbs."""
    page = Page(f"dimse-{command.name}", 1, SOURCE, MANUAL)
    page.section("Name")
    page.line(f"{escaped(f'dimse-{command.name}')} \\- {escaped(command.summary)}")
    page.section("Synopsis")
    for place, one in enumerate(flat((command,))):
        words = [bold(f"dimse {one.name}"), f"[{italic('OPTION')}...]", *map(_synopsis, one.arguments)]
        page.line(("" if place == 0 else ".br\n") + " ".join(words))
    page.section("Description")
    _paragraphs(page, command.paragraphs)
    if command.verbs:
        _verbs(page, command.verbs)
    else:
        _arguments(page, command.arguments, page.section)
        page.section("Options")
        _sections(page, command.sections, "Of this command")
    _exit_status(page)
    examples = [example for one in flat((command,)) for example in one.examples]
    if examples:
        page.section("Examples")
        for line, meaning in examples:
            page.paragraph(f"{meaning[:1].upper()}{meaning[1:].removesuffix('.')}:")
            page.verbatim([line])
    _surroundings(page)
    _see_also(page, [("dimse", 1), ("dimse.toml", 5)])
    return page.text()


def _paragraphs(page: Page, paragraphs: Iterable[str]) -> None:
    for paragraph in paragraphs:
        if paragraph.startswith("\b\n"):
            page.verbatim(paragraph.splitlines()[1:])
        else:
            page.paragraph(paragraph)


def _verbs(page: Page, verbs: Sequence[Command]) -> None:
    """Write a section for each verb, and what all of them have in common once."""
    common = [section for section in verbs[0].sections if all(section in verb.sections for verb in verbs)]
    for verb in verbs:
        page.section(f"dimse {verb.name}")
        _paragraphs(page, verb.paragraphs)
        _arguments(page, verb.arguments, page.subsection)
        own = [section for section in verb.sections if section not in common]
        _sections(page, own, "Options")
    page.section("Options of all verbs")
    _sections(page, common, "Options")


def _arguments(page: Page, arguments: Iterable[Argument], begin: Callable[[str], None]) -> None:
    documented = [argument for argument in arguments if argument.help]
    if documented:
        begin("Arguments")
        for argument in documented:
            page.entry(_synopsis(argument), argument.help)


def _sections(page: Page, sections: Iterable[Section], own: str) -> None:
    """Write options under the title of their section; the command's own ones under `own`."""
    for section in sections:
        if section.options:
            page.subsection(own if section.title == "Options" else section.title)
            _options(page, section.options)


def main_page(commands: Sequence[Command]) -> str:
    """Return the page of the program."""
    page = Page("dimse", 1, SOURCE, MANUAL)
    page.section("Name")
    page.line("dimse \\- the DICOM message service on the command line")
    page.section("Synopsis")
    page.line(f"{bold('dimse')} {italic('COMMAND')} [{italic('OPTION')}...] [{italic('ARGUMENT')}...]")
    page.section("Description")
    page.paragraph(
        "Tests and uses DICOM nodes from a shell, from scripts and from scheduled jobs: each command is "
        "one DIMSE service (PS3.7), and one command is a node itself. Results go to standard output and "
        "nothing else does; progress, notes and errors go to standard error."
    )
    page.section("Commands")
    for command in commands:
        verbs = "|".join(verb.name.split()[1] for verb in command.verbs)
        name = bold(f"dimse {command.name}") + (f" {bold(verbs)}" if verbs else "")
        page.entry(name, f"{command.summary}. See dimse-{command.name}(1).")
    page.section("Options")
    page.entry(f"{bold('-h')}, {bold('--help')}", "Show the commands, or behind a command its options.")
    page.entry(bold("--version"), "Show the version.")
    page.section("Peers")
    page.paragraph("A node to call is written in one of these forms:")
    for form, meaning in PEERS:
        page.entry(bold(form), meaning)
    _exit_status(page)
    page.section("Examples")
    page.verbatim(files("dimsetools").joinpath("examples", "node.sh").read_text("utf-8").splitlines())
    _surroundings(page)
    _foreign(page)
    _see_also(page, [*((f"dimse-{command.name}", 1) for command in commands), ("dimse.toml", 5)])
    return page.text()


def _synopsis(argument: Argument) -> str:
    if " " in argument.metavar:
        return " ".join(_word(word) for word in argument.metavar.split())
    name = italic(argument.metavar) + ("..." if argument.several else "")
    return name if argument.required else f"[{name}]"


def _word(written: str) -> str:
    """Return one word of several: in italics, without its brackets and dots."""
    name = written.strip("[].")
    return written.replace(name, italic(name))


def _options(page: Page, options: Iterable[Option]) -> None:
    for option in options:
        value = f" {italic(option.metavar)}" if option.metavar else ""
        page.entry(", ".join(bold(spelling) for spelling in option.spellings) + value, option.help)


def _exit_status(page: Page) -> None:
    page.section("Exit status")
    for code, meaning, retry in EXITS:
        page.entry(bold(code), meaning + (f" Worth another try{retry}" if retry else ""))


def _surroundings(page: Page) -> None:
    page.section("Files")
    for path, meaning in FILES:
        page.entry(italic(path), meaning)
    page.section("Environment")
    for name, meaning in ENVIRONMENT:
        page.entry(bold(name), meaning)


def _see_also(page: Page, pages: Iterable[tuple[str, int]]) -> None:
    page.section("See also")
    page.line(", ".join(f"{bold(name)}({section})" for name, section in pages))


def _foreign(page: Page) -> None:
    page.section("Options of DCMTK and pynetdicom")
    page.paragraph(
        "Their spellings are understood in the same places, also as -aet=NAME; not in the value of an "
        "option, and not behind --. An option that asks for what always happens here is accepted and "
        "means nothing."
    )
    for title, table in (
        ("All commands", COMMON),
        ("Commands that call", CALLING),
        ("store", STORE),
        ("find, get, move", QUERY),
        ("find", FIND),
        ("scp", SCP),
    ):
        page.subsection(title)
        for spelled, entry in table.items():
            term = ", ".join(bold(spelling) for spelling in spelled.split())
            page.entry(term, _equivalent(entry))


def _equivalent(entry: Use | Refused) -> str:
    if isinstance(entry, Refused):
        return f"Refused: {entry.instead}."
    if entry.choices is not None:
        levels: dict[str, list[str]] = {}
        for choice, words in entry.choices.items():
            levels.setdefault(" ".join(words) or "nothing", []).append(choice)
        return "; ".join(f"{', '.join(choices)}: {words}" for words, choices in levels.items()) + "."
    if not entry.words:
        return "Nothing: it is so anyway."
    names = ["VALUE"] if entry.takes < 2 else ["KEY", "CERTIFICATE"]
    return " ".join(names[int(word[1])] if word.startswith("{") else word for word in entry.words)
