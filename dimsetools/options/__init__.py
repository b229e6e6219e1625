"""The options that commands share: declared once, added by NetworkCommand, applied by Session.

Prints nothing and opens no association. What a command needs to be declared is exported here.
"""

from __future__ import annotations

from dimsetools.options.command import ACCEPTOR, REQUESTOR, NetworkCommand, PeerArgument
from dimsetools.options.session import Serving, Session
from dimsetools.options.types import COUNT, DURATION, FILE, FOLDER, TITLE
from dimsetools.options.verbs import Verbs

__all__ = [
    "ACCEPTOR",
    "COUNT",
    "DURATION",
    "FILE",
    "FOLDER",
    "REQUESTOR",
    "TITLE",
    "NetworkCommand",
    "PeerArgument",
    "Serving",
    "Session",
    "Verbs",
]
