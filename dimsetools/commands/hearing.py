"""Listening for what a peer reports on its own, while a command waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dimsetools.errors import DimseError, UsageError

if TYPE_CHECKING:
    from dimsetools.association.values import ServerTls, Target
    from dimsetools.options import Session
    from dimsetools.options.waiting import Waiting
    from dimsetools.render import Output
    from dimsetools.scp.roles import Record
    from dimsetools.services.normalized import Event


def server_tls(target: Target, option: str) -> ServerTls:
    """Return how to take TLS sessions: with the certificate that we show the peer, and its authorities."""
    from dimsetools.association.values import ServerTls

    tls = target.tls
    if tls is None or tls.cert_file is None:
        raise UsageError(
            f"{option} needs a certificate", hint="add --tls-cert FILE, --tls-key FILE and --tls-ca FILE"
        )
    return ServerTls(
        cert_file=tls.cert_file,
        key_file=tls.key_file,
        key_password=tls.key_password,
        ca_file=tls.ca_file,
        profile=tls.profile,
        require_client_cert=tls.ca_file is not None,
    )


@contextmanager
def listening(
    session: Session, output: Output, target: Target, values: Waiting, heard: Callable[[Event], int]
) -> Iterator[None]:
    """Listen for associations of `target`, if the user wants that. CannotListen if it cannot be done."""
    if values.port is None:
        if values.port_tls or values.allow:
            raise UsageError(
                "--port-tls and --allow are for those who report to --port", hint="add --port PORT"
            )
        yield
        return
    context = None
    if values.port_tls:
        from dimsetools.association.tls import server_context

        context = server_context(server_tls(target, "--port-tls"))
    from dimsetools.scp.listener import Listener
    from dimsetools.scp.policy import Allowed

    listener = Listener(
        heard,
        title=target.calling_aet,
        port=values.port,
        log=logging(session, output),
        timeouts=target.timeouts._replace(total=None),
        max_pdu=target.max_pdu,
        peer=target.host,
        others=tuple(map(Allowed.parse, values.allow)),
        bind=session.addressing.bind,
        tls_context=context,
        tracer=session.tracer(output.note),
    )
    try:
        port = listener.start()[0][1]
        output.note(f"listening as {target.calling_aet} on port {port}", 0 if values.port == 0 else 1)
        yield
    finally:
        listener.close()


def logging(session: Session, output: Output) -> Callable[[Record], None]:
    """Return what tells of the life of a listener; when nobody can be told any more, the command ends."""
    from dimsetools.render import scp as shown

    def log(record: Record) -> None:
        try:
            if record["_event"] == "association-rejected":
                output.warning(shown.line(record))
            else:
                output.log(record, shown.line(record), max(shown.level(record), 1))
        except (OSError, DimseError):
            session.stop.request()

    return log
