"""The manual page of the configuration, from the table of its words."""

from __future__ import annotations

from dimsetools.config.variables import VARIABLES
from dimsetools.config.words import TABLES, WORDS
from dimsetools.docgen.manual import FILES, MANUAL, SOURCE
from dimsetools.docgen.roff import Page, bold, italic

EXAMPLE = """\
[defaults]
local_aet = "CONSOLE"
acse_timeout = 10

[nodes.pacs]
address = "ARCHIVE@pacs.example.org:11112"
tls = { ca = "hospital.pem", cert = "console.pem", key = "console.key" }
identity = { user = "console", password_file = "pacs.password" }

[nodes.ct-1]
aet = "CT1"
host = "10.1.2.3"
port = 104
max_pdu = 16384

[profiles.test.nodes.pacs]
address = "TEST@localhost:4242"
tls = false
"""

_TYPES = {str: "string", int: "whole number", float: "number", bool: "true or false", list: "list of strings"}


def configuration_page() -> str:
    """Return dimse.toml(5)."""
    page = Page("dimse.toml", 5, SOURCE, MANUAL)
    page.section("Name")
    page.line("dimse.toml \\- nodes and defaults for dimse")
    page.section("Description")
    page.paragraph(
        "A TOML file names the DICOM nodes that one works with, so that a command can say pacs instead "
        "of an address, time-outs, keys and a user. It has up to three kinds of tables:"
    )
    page.entry(bold("[nodes.NAME]"), "One node. NAME has letters, digits and . _ - and is not a number.")
    page.entry(
        bold("[defaults]"), "What holds for nodes that do not say otherwise, and for peers without a name."
    )
    page.entry(
        bold("[profiles.NAME]"),
        "Tables nodes and defaults once more, put on top of the others by --profile NAME or DIMSE_PROFILE.",
    )
    page.paragraph(
        "All files are read. For each word the first that sets it wins: the command line, DIMSE_* "
        "variables, nodes, defaults; of several files the one that stands first below. A word that is "
        "not known, or that has a value of the wrong type, is an error. Paths are relative to the file "
        "that they stand in."
    )
    page.section("Words")
    for word, row in WORDS.items():
        if word.partition(".")[0] not in TABLES:
            page.entry(f"{bold(word)} ({_TYPES[row.kind]})", f"{row.meaning}.")
    for table in TABLES:
        page.subsection(f"In the table {table}")
        for word, row in WORDS.items():
            name, _, inner = word.partition(".")
            if name == table:
                page.entry(f"{bold(inner)} ({_TYPES[row.kind]})", f"{row.meaning}.")
    page.paragraph(
        "Any word of the table tls turns TLS on, also in the defaults or by a variable. tls = true is short "
        "for a table with nothing in it, tls = false for one with enabled = false."
    )
    page.section("Secrets")
    page.paragraph(
        "No secret stands in the file itself: a word that ends in _file names a file that holds it, one "
        "that ends in _env an environment variable. Such a file, and a private key, is refused if group "
        "or others may read or write it."
    )
    page.section("Environment")
    page.entry(
        bold("DIMSE_NODE_NAME"), "Defines the node NAME, or moves it: an address as in the word address."
    )
    for variable, word in VARIABLES.items():
        page.entry(bold(variable), f"Sets {word} for every node.")
    page.section("Files")
    for path, meaning in FILES:
        page.entry(italic(path), meaning)
    page.section("Examples")
    page.verbatim(EXAMPLE.splitlines())
    page.section("See also")
    page.line(f"{bold('dimse')}(1)")
    return page.text()
