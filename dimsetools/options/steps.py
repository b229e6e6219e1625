"""The words of the commands for procedure steps: the UID of a step, a code, files and keys in any order."""

from __future__ import annotations

import click

from dimsetools.errors import UsageError
from dimsetools.options.types import Checked, Named


def _uid(text: str) -> str:
    from dimsetools.uids import is_valid_uid

    if not is_valid_uid(text):
        raise ValueError("is no UID")
    return text


def _code(text: str) -> str:
    from dimsetools.dataset.codes import coded

    try:
        coded(text)
    except UsageError as error:
        raise ValueError(f"is no code ({error.hint})") from None
    return text


def _percent(text: str) -> int:
    if not text.isascii() or not text.removesuffix("%").isdigit() or int(text.removesuffix("%")) > 100:
        raise ValueError("is no percentage: 0 to 100")
    return int(text.removesuffix("%"))


CODE = Checked("code", _code)
PERCENT = Checked("percentage", _percent)
UID_TYPE = Checked("UID", _uid)

UID = click.Argument(
    ["uid"], metavar="UID", type=UID_TYPE, help="The SOP Instance UID that the step was created with."
)
RETRIEVE_AET = click.Option(
    ["--retrieve-aet"],
    metavar="TITLE",
    default="",
    help="AE title from which the objects can be retrieved.",
)
KEY = click.Option(
    ["-k", "--key", "keys"],
    multiple=True,
    metavar="KEY=VALUE",
    type=Named("key", str, fill="key"),
    help="An attribute, as among the arguments. It counts more than anything else. Repeatable.",
)


def words(metavar: str, text: str) -> click.Argument:
    """Return the argument that takes files, folders and keys."""
    return click.Argument(["words"], metavar=metavar, nargs=-1, type=Named("key", str, fill="key"), help=text)


def code_option(name: str, text: str) -> click.Option:
    """Return the option that takes a code."""
    return click.Option([name], type=CODE, metavar="CODE", help=text)
