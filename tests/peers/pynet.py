"""pynetdicom as a peer: an AE in this process, and its command-line apps; nothing of our data phase in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tests.peers.process import LOOPBACK, Peer, run, server

if TYPE_CHECKING:
    import ssl

    from pynetdicom.ae import ApplicationEntity
    from pynetdicom.presentation import PresentationContext

App = Literal["echoscu", "storescu", "findscu", "getscu", "movescu"]
Handlers = Sequence[tuple[Any, Callable[..., Any]] | tuple[Any, Callable[..., Any], list[Any]]]


class Acceptor(NamedTuple):
    """A pynetdicom acceptor running in a thread of the test."""

    aet: str
    port: int
    ae: ApplicationEntity
    host: str = LOOPBACK

    @property
    def address(self) -> str:
        """`AET@host:port`, as `dimse` takes it."""
        return f"{self.aet}@{self.host}:{self.port}"


def application_entity(aet: str = "PYNETDICOM") -> ApplicationEntity:
    """An AE for either role with short time-outs; the caller adds contexts and shuts it down."""
    from pynetdicom import AE

    ae = AE(aet)
    ae.maximum_pdu_size = 0
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = 10
    return ae


def steady(association: Any) -> Any:
    """Keep the reactor of a requestor from taking the answers that a `send_` method waits for.

    That is meant to be paused meanwhile, but one call in some hundreds comes while it wakes up, and loses
    its answer.
    """
    take, free = association.dimse.get_msg, association._reactor_checkpoint.is_set

    def get_msg(block: bool = False) -> Any:
        return take(block) if block or free() else (None, None)

    association.dimse.get_msg = get_msg
    return association


@contextmanager
def acceptor(
    handlers: Handlers = (),
    *,
    aet: str = "PYNETDICOM",
    contexts: Sequence[PresentationContext] = (),
    ssl_context: ssl.SSLContext | None = None,
    configure: Callable[[ApplicationEntity], None] | None = None,
) -> Iterator[Acceptor]:
    """An AE on a free port with evt `handlers`; takes verification and all storage unless told otherwise."""
    from pynetdicom import ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts
    from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

    ae = application_entity(aet)
    if contexts:
        ae.supported_contexts = list(contexts)
    else:
        ae.add_supported_context(Verification)
        for context in AllStoragePresentationContexts:
            if context.abstract_syntax is not None:
                ae.add_supported_context(context.abstract_syntax, ALL_TRANSFER_SYNTAXES)
    if configure is not None:
        configure(ae)
    listener = ae.start_server(
        (LOOPBACK, 0), block=False, evt_handlers=list(handlers), ssl_context=ssl_context
    )
    assert listener is not None
    try:
        yield Acceptor(aet, int(listener.server_address[1]), ae)
    finally:
        ae.shutdown()


@contextmanager
def app_server(
    name: Literal["echoscp", "storescp", "qrscp"],
    folder: Path,
    *options: str,
    env: Mapping[str, str] | None = None,
) -> Iterator[Peer]:
    """`python -m pynetdicom storescp` and the like, keeping its objects in `folder/stored`."""
    stored = folder / "stored"
    stored.mkdir(parents=True, exist_ok=True)
    where = ["-od", str(stored)] if name == "storescp" else []

    def command(port: int) -> list[str]:
        return [sys.executable, "-m", "pynetdicom", name, str(port), "-v", *where, *options]

    with server(command, aet=name.upper(), folder=stored, log=folder / f"{name}.log", env=env) as peer:
        yield peer


def app(name: App, *args: object) -> subprocess.CompletedProcess[str]:
    """Run one of pynetdicom's command-line SCUs; they exit 0 whatever happens, so read what they print."""
    return run([sys.executable, "-m", "pynetdicom", name, "-v", *map(str, args)])
