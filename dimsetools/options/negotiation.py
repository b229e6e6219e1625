"""What is put to the peer when an association is opened, or accepted from it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dimsetools.errors import UsageError
from dimsetools.options.group import Group, Words, given
from dimsetools.options.types import MAX_PDU, WINDOW, Checked

if TYPE_CHECKING:
    from dimsetools.association.values import Extended, Role

PRIORITIES = {"medium": 0, "high": 1, "low": 2}
"""Numbers of the element Priority (PS3.7 9.3.1.1)."""


class Negotiation(NamedTuple):
    """`transfer_syntaxes` are UIDs in the order given; `priority` is the number of PS3.7."""

    max_pdu: int | None = None
    async_ops: int | None = None
    priority: int = 0
    transfer_syntaxes: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    extended: tuple[Extended, ...] = ()

    def words(self) -> Words:
        """Return what was given as words of a node."""
        return given({"max_pdu": (self.max_pdu, "--max-pdu"), "async_ops": (self.async_ops, "--async")})


def _syntaxes(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Resolve names, one or several with commas between in each value; keep the first of equals."""
    if not values:
        return ()
    from dimsetools.uids import transfer_syntax

    names = (name.strip() for value in values for name in value.split(","))
    return tuple(dict.fromkeys(transfer_syntax(name) for name in names))


def _pair(text: str, form: str) -> tuple[str, str]:
    """Return the UID of a SOP class and what stands behind its `=`."""
    from dimsetools.uids import sop_class

    name, equals, rest = text.partition("=")
    if not equals:
        raise ValueError(f"must be {form}")
    try:
        return sop_class(name), rest
    except UsageError as error:
        from dimsetools.dataset.normalized import normalized_class

        with suppress(UsageError):
            return normalized_class(name).abstract_syntax, rest
        raise ValueError(
            f"names no SOP class ({error.hint})" if error.hint else "names no SOP class"
        ) from None


def _role(text: str) -> Role:
    from dimsetools.association.values import Role

    uid, role = _pair(text, "CLASS=scu, CLASS=scp or CLASS=both")
    if role not in ("scu", "scp", "both"):
        raise ValueError("must end in =scu, =scp or =both")
    return Role(uid, role != "scp", role != "scu")


def _extended(text: str) -> Extended:
    from dimsetools.association.values import Extended

    uid, digits = _pair(text, "CLASS=HEX")
    try:
        return Extended(uid, bytes.fromhex(digits))
    except ValueError:
        raise ValueError("must end in bytes in hexadecimal, as =0101") from None


def _repeatable(name: str, field: str, metavar: str, check: Callable[[str], Any], text: str) -> click.Option:
    return click.Option(
        [name, field], type=Checked(metavar, check), multiple=True, metavar=metavar, help=text
    )


_MAX_PDU = click.Option(
    ["--max-pdu"],
    type=MAX_PDU,
    metavar="BYTES",
    help="Longest PDU to receive; 0 is no limit (default 131072).",
)
_ASYNC = click.Option(
    ["--async", "async_ops"],
    type=WINDOW,
    metavar="N",
    help="Operations outstanding at a time, if the peer agrees.",
)


def _ts(text: str) -> click.Option:
    return click.Option(
        ["--ts", "transfer_syntaxes"], multiple=True, metavar="NAME", callback=_syntaxes, help=text
    )


NEGOTIATION = Group(
    "Negotiation",
    Negotiation,
    (
        _MAX_PDU,
        _ASYNC,
        click.Option(
            ["--priority"],
            type=click.Choice(tuple(PRIORITIES)),
            default="medium",
            callback=lambda _ctx, _param, name: PRIORITIES[name],
            help="Priority of the operations (default medium; most peers ignore it).",
        ),
        _ts(
            "Transfer syntax to propose: explicit-le, jpeg2000-lossless, ..., a keyword or a UID. Repeatable."
        ),
        _repeatable(
            "--role",
            "roles",
            "CLASS=ROLE",
            _role,
            "SCP/SCU role selection: scu, scp or both for a SOP class. Repeatable.",
        ),
        _repeatable(
            "--ext",
            "extended",
            "CLASS=HEX",
            _extended,
            "SOP class extended negotiation, the bytes in hexadecimal. Repeatable.",
        ),
    ),
)

ACCEPTOR_NEGOTIATION = Group(
    "Negotiation",
    Negotiation,
    (_MAX_PDU, _ASYNC, _ts("Transfer syntax to accept, the preferred one first (default any). Repeatable.")),
)
