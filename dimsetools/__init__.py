"""Both sides of every DICOM message service, on the command line and as a library.

The rooms of the house, each importing only from those below it:

    docgen        manual pages and completions from the command tree
    cli           the `dimse` program: command table, exceptions to exit status
    commands      one file a subcommand
    options       groups of command line options and what they mean
    render        all that people and scripts read: records, diagnosis, progress, reports
    scp           the node that others call: listening, roles, hooks
    services      the requestor's side of each service, as typed answers
    archive       received objects as files that are whole or not there, the index of what is in them, and
                  the ledger of what a node must not forget beside them
    message       PS3.7: command sets and their exchange
    config        nodes and defaults from TOML files and variables
    film          images for printing: frames of files as a printer takes them, and sheets of film
    association   PS3.8: connections, negotiation, PDUs
    dataset       data sets: as they lie in files, as plain values, as keys of a query; the models of queries
                  and the classes of the N- services with what their instances must have
    errors, status, uids, escape   words that every room uses

A program that wants to talk to a node needs three names:

    from dimsetools import Exchange, Target, open_association
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dimsetools.association.opening import accept_association, open_association
    from dimsetools.association.values import Target
    from dimsetools.config import Node, load
    from dimsetools.message.exchange import Exchange

__version__ = "0.1.0"

__all__ = ["Exchange", "Node", "Target", "__version__", "accept_association", "load", "open_association"]

_HOMES = {
    "Exchange": "dimsetools.message.exchange",
    "Node": "dimsetools.config",
    "Target": "dimsetools.association.values",
    "accept_association": "dimsetools.association.opening",
    "load": "dimsetools.config",
    "open_association": "dimsetools.association.opening",
}


def __getattr__(name: str) -> Any:
    """Load a public name upon its first use: the command line must not pay for the library."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
