"""Who may call and what is accepted: pure decisions over a proposal (PS3.8 section 9.3.4, PS3.7 D.3.3.7)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from dimsetools.association import negotiation
from dimsetools.association.values import (
    DEFAULT_MAX_PDU,
    Acceptance,
    Extended,
    Identity,
    Proposal,
    Rejection,
    Role,
)
from dimsetools.config.peers import ae_title
from dimsetools.errors import UsageError
from dimsetools.uids import EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, TRANSFER_SYNTAXES, VERIFICATION

ANY_TITLE = "*"
_USER_AND_PASSCODE = 2
_FOR_IDENTIFIERS = (EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE)
_UNINVITED = "nobody with this title and address may call"


class Allowed(NamedTuple):
    """A caller that is let in: its AE title or `*`, from a network or (None) from anywhere."""

    aet: str
    network: IPv4Network | IPv6Network | None = None

    @classmethod
    def parse(cls, text: str) -> Allowed:
        """Read `AET`, `AET@host-address` or `AET@network/bits`; UsageError if it is none of them."""
        aet, at, net = text.rpartition("@")
        try:
            aet = ae_title(aet if at else text)
        except ValueError as error:
            raise UsageError(
                f"the AE title in {text!r} {error}", hint="for example STORESCU@10.0.0.0/8"
            ) from None
        if not at:
            return cls(aet)
        try:
            return cls(aet, ip_network(net, strict=False))
        except ValueError:
            raise UsageError(f"{net!r} is no IP address or network", hint="for example 10.0.0.0/8") from None

    def admits(self, aet: str, host: str) -> bool:
        """Whether a caller with this title at this address is meant."""
        if self.aet not in (ANY_TITLE, aet):
            return False
        return self.network is None or ip_address(host.partition("%")[0]) in self.network


@dataclass(frozen=True)
class AcceptPolicy:
    """What a node accepts.

    `allowed` empty admits every calling title (the listening address is then the only door); `called_aet`
    None accepts every called title. `storage` are the storage classes taken; `any_class` takes every other
    abstract syntax as a storage class too. `preferred` are transfer syntaxes, best first; without them the
    requestor's order decides. `users` maps names to passcodes, one of which every caller must then show.
    `services` are the query and retrieve classes that are offered, each with what can be granted of its
    extended negotiation, a byte a feature (PS3.4 C.5). `sends`: a requestor may be SCP of storage classes,
    and is sent objects on its association (C-GET).
    """

    storage: Collection[str]
    allowed: tuple[Allowed, ...] = ()
    called_aet: str | None = None
    any_class: bool = False
    preferred: tuple[str, ...] = ()
    max_pdu: int = DEFAULT_MAX_PDU
    async_window: int = 1
    users: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    services: Mapping[str, bytes] = field(default_factory=dict)
    sends: bool = False

    def decide(self, proposal: Proposal, host: str) -> Acceptance | Rejection:
        """Return the answer to a proposal that came from address `host`."""
        if self.allowed and not any(one.admits(proposal.calling_aet, host) for one in self.allowed):
            return negotiation.REJECTED_CALLING_AET._replace(because=_UNINVITED)
        if self.users and not self._knows(proposal.identity):
            return negotiation.REJECTED_NO_REASON._replace(because=_lacking(proposal.identity))
        answer = negotiation.decide(proposal, self._negotiated)
        identity = proposal.identity
        if isinstance(answer, Acceptance) and self.users and identity and identity.response_requested:
            return answer._replace(identity_response=b"")  # types 1 and 2 have an empty one
        return answer

    @property
    def _negotiated(self) -> negotiation.Policy:
        return negotiation.Policy(
            syntaxes=self._syntaxes,
            max_pdu=self.max_pdu,
            called_aet=self.called_aet,
            async_window=self.async_window,
            roles=self._roles,
            extended=self._granted,
        )

    def extended_of(self, abstract_syntax: str, proposal: Proposal) -> bytes:
        """Return what a proposal got of the extended negotiation of a class, a byte a feature."""
        asked = next((item for item in proposal.extended if item.abstract_syntax == abstract_syntax), None)
        answer = None if asked is None else self._granted(asked)
        return b"" if answer is None else answer.information

    def _granted(self, asked: Extended) -> Extended | None:
        """Grant what was asked for and can be had; the answer is as long as the question."""
        possible = self.services.get(asked.abstract_syntax)
        if possible is None:
            return None
        pairs = zip(asked.information, possible.ljust(len(asked.information), b"\0"), strict=False)
        return asked._replace(information=bytes(byte & most for byte, most in pairs))

    def _roles(self, asked: Role) -> Role:
        scp = asked.scp and self.sends and self._is_storage(asked.abstract_syntax)
        return asked._replace(scp=scp)

    def _is_storage(self, abstract_syntax: str) -> bool:
        if abstract_syntax == VERIFICATION or abstract_syntax in self.services:
            return False
        return self.any_class or abstract_syntax in self.storage

    def _syntaxes(self, abstract_syntax: str) -> Sequence[str] | None:
        if abstract_syntax in self.services:
            preferred = (syntax for syntax in self.preferred if syntax in _FOR_IDENTIFIERS)
            return (*preferred, *_FOR_IDENTIFIERS)
        if abstract_syntax != VERIFICATION and not self._is_storage(abstract_syntax):
            return None
        return (*self.preferred, *TRANSFER_SYNTAXES) if self.preferred else ()

    def _knows(self, identity: Identity | None) -> bool:
        """Compare in constant time, whether or not the user exists."""
        if identity is None or identity.kind != _USER_AND_PASSCODE:
            return False
        passcode = self.users.get(identity.primary)
        import hashlib  # with OpenSSL behind it: milliseconds, and few nodes have users
        import hmac

        expected = hashlib.sha256(passcode or b"").digest()
        return (
            hmac.compare_digest(hashlib.sha256(identity.secondary).digest(), expected)
            and passcode is not None
        )


def _lacking(identity: Identity | None) -> str:
    """Return what an identity lacks that is not let in; whether the user exists stays untold."""
    if identity is None:
        return "no user identity"
    if identity.kind != _USER_AND_PASSCODE:
        return f"user identity of type {identity.kind}, not user and passcode"
    return "unknown user or wrong passcode"
