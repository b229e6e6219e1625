"""How a shell reads: matches, objects that were sent, and the association itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.render import units
from dimsetools.render.line import Line, bad, dim, good, warn
from dimsetools.status import describe, is_failure, is_warning
from dimsetools.uids import name_of

if TYPE_CHECKING:
    from dimsetools.association.association import Association


def match_line(number: int) -> Line:
    """Return what stands over a match."""
    return [good("match"), f"  {number}"]


def stored_line(path: str, status: int, seconds: float, comment: str) -> Line:
    """Return what became of an object as a line."""
    said = describe(status, "C-STORE")
    how = bad("failed") if is_failure(status) else warn("warning") if is_warning(status) else good("sent")
    more = f"  {status:04X} {said.meaning}" if status else ""
    return [
        how,
        f"  {path}{more}",
        f' "{comment}"' if comment else "",
        dim(f"  {units.milliseconds(seconds)} ms"),
    ]


def echo_line(seconds: float) -> Line:
    """Return an answer to an echo as a line."""
    return [good("ok"), f"  C-ECHO  {units.milliseconds(seconds)} ms"]


def opened_line(association: Association) -> Line:
    """Return what is there to talk in, for people."""
    agreed = dict.fromkeys(context.abstract_syntax for context in association.contexts.values())
    peer = association.peer
    software = peer.implementation_version or peer.implementation_uid or "unknown software"
    contexts = units.counted(len(agreed), "abstract syntax").replace("syntaxs", "syntaxes")
    return [dim(f"associated with {association.peer_name} ({software}), {contexts}")]


def context_lines(association: Association) -> list[Line]:
    """Return a line for each presentation context that was accepted."""
    return [
        f"  {context.id:>3}  {name_of(context.abstract_syntax)}  {name_of(context.transfer_syntax)}"
        + ("  as SCP" if context.as_scp else "")
        for context in association.contexts.values()
    ]
