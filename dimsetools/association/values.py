"""What two application entities say to each other before data flows, as plain values (PS3.8, PS3.7 annex D).

Nothing here knows how these values are encoded or sent. Light on purpose: every command imports it.
"""

from __future__ import annotations

from typing import NamedTuple

DEFAULT_MAX_PDU = 131072
"""Maximum length we announce, bytes: the largest that DCMTK makes use of."""


class Timeouts(NamedTuple):
    """Limits in seconds; None is no limit.

    `connect` ends the TCP connection request, `acse` each step of opening and releasing (TLS hand-shake
    included), `dimse` the wait for a message and each PDU of it, `idle` a connection that stands still:
    the peer takes nothing of the data that we send, or asks an acceptor for nothing; `total` everything
    from the first connection request on.
    """

    connect: float | None = 10.0
    acse: float | None = 30.0
    dimse: float | None = 60.0
    idle: float | None = 60.0
    total: float | None = None


class Identity(NamedTuple):
    """User identity (PS3.7 D.3.3.7). `kind`: 1 user, 2 user and passcode, 3 Kerberos, 4 SAML, 5 JWT."""

    kind: int
    primary: bytes
    secondary: bytes = b""
    response_requested: bool = False

    def __repr__(self) -> str:
        """Tell no secret."""
        return _shown(self, "primary", "secondary")


class Role(NamedTuple):
    """SCP/SCU role selection for one SOP class (PS3.7 D.3.3.4), from the requestor's point of view."""

    abstract_syntax: str
    scu: bool
    scp: bool


class Extended(NamedTuple):
    """SOP class extended negotiation (PS3.7 D.3.3.5): service class application information, undecoded."""

    abstract_syntax: str
    information: bytes


class CommonExtended(NamedTuple):
    """SOP class common extended negotiation (PS3.7 D.3.3.6)."""

    abstract_syntax: str
    service_class: str
    related: tuple[str, ...] = ()


class ProposedContext(NamedTuple):
    """A presentation context as requested: `id` is odd, 1 to 255."""

    id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


class ContextResult(NamedTuple):
    """The acceptor's answer to one context; `result` as in PS3.8 table 9-18, 0 is acceptance."""

    id: int
    result: int
    transfer_syntax: str


class AcceptedContext(NamedTuple):
    """A presentation context both sides agreed on, with the roles that we may take in it."""

    id: int
    abstract_syntax: str
    transfer_syntax: str
    as_scu: bool = True
    as_scp: bool = False


class AsyncWindow(NamedTuple):
    """Operations outstanding at a time (PS3.7 D.3.3.3); 0 is no limit, 1 is synchronous."""

    invoked: int = 1
    performed: int = 1


class Proposal(NamedTuple):
    """All of an A-ASSOCIATE-RQ that matters (PS3.8 section 9.3.2)."""

    called_aet: str
    calling_aet: str
    contexts: tuple[ProposedContext, ...]
    max_pdu: int
    implementation_uid: str = ""
    implementation_version: str = ""
    roles: tuple[Role, ...] = ()
    extended: tuple[Extended, ...] = ()
    common_extended: tuple[CommonExtended, ...] = ()
    identity: Identity | None = None
    async_window: AsyncWindow | None = None
    application_context: str = "1.2.840.10008.3.1.1.1"
    protocol_version: int = 1


class Acceptance(NamedTuple):
    """All of an A-ASSOCIATE-AC that matters (PS3.8 section 9.3.3)."""

    contexts: tuple[ContextResult, ...]
    max_pdu: int
    implementation_uid: str = ""
    implementation_version: str = ""
    roles: tuple[Role, ...] = ()
    extended: tuple[Extended, ...] = ()
    identity_response: bytes | None = None
    async_window: AsyncWindow | None = None


class Rejection(NamedTuple):
    """A-ASSOCIATE-RJ: the numbers of PS3.8 table 9-21.

    `because` is for the log of who rejects, where the numbers say too little; the peer never learns it.
    """

    result: int
    source: int
    reason: int
    because: str = ""


class ClientTls(NamedTuple):
    """How to open a TLS session; paths name PEM files. `verify` off accepts any certificate."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    key_password: str | None = None
    profile: str = "bcp195"
    server_name: str | None = None
    verify: bool = True

    def __repr__(self) -> str:
        """Tell no secret."""
        return _shown(self, "key_password")


class ServerTls(NamedTuple):
    """How to accept TLS sessions; paths name PEM files."""

    cert_file: str
    key_file: str | None = None
    key_password: str | None = None
    ca_file: str | None = None
    profile: str = "bcp195"
    require_client_cert: bool = True

    def __repr__(self) -> str:
        """Tell no secret."""
        return _shown(self, "key_password")


class Target(NamedTuple):
    """A node to call and how: everything about an association but its presentation contexts."""

    host: str
    port: int
    called_aet: str = "ANY-SCP"
    calling_aet: str = "DIMSE"
    bind: str | None = None
    tls: ClientTls | None = None
    identity: Identity | None = None
    timeouts: Timeouts = Timeouts()
    max_pdu: int = DEFAULT_MAX_PDU
    async_window: int = 1

    def __str__(self) -> str:
        """Return AET@host:port, IPv6 addresses in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.called_aet}@{host}:{self.port}"


class Peer(NamedTuple):
    """Who is at the other end; `max_pdu` is the longest P-DATA-TF variable field it takes, 0 is no limit.

    `confirmed` tells whether it has answered our user identity; None if it was not asked to (PS3.7 D.3.3.7).
    """

    aet: str
    host: str
    port: int
    implementation_uid: str
    implementation_version: str
    max_pdu: int
    confirmed: bool | None = None


class Timings(NamedTuple):
    """Seconds that the steps of opening took; `tls` is None on a plain connection."""

    tcp: float
    tls: float | None
    association: float


def _shown(value: NamedTuple, *secret: str) -> str:
    members = (f"{name}={held!r}" for name, held in value._asdict().items() if name not in secret)
    return f"{type(value).__name__}({', '.join(members)})"
