"""Where a command that listens does so, and how it takes TLS: what `scp` and `listen` do alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.errors import UsageError

if TYPE_CHECKING:
    import ssl

    from dimsetools.options.node import Admission
    from dimsetools.options.session import Serving


def door(admission: Admission) -> str | None:
    """Return where to listen: this machine only, unless it was said who may call from elsewhere."""
    bind = admission.bind
    if admission.allow and admission.allow_any:
        raise UsageError("--allow-any lets everybody in, --allow only some", hint="give one of them")
    if admission.allow or admission.allow_any:
        return bind
    from dimsetools.scp.listening import is_loopback

    if bind is not None and not is_loopback(bind):
        raise UsageError(
            f"{bind} can be reached from other machines, and everybody would be let in",
            hint="add --allow AET[@NETWORK] for those who may call, or --allow-any",
        )
    return bind or "localhost"


def tls_context(serving: Serving) -> ssl.SSLContext | None:
    """Return how to take TLS sessions, None if associations come in the clear."""
    if serving.tls is None:
        return None
    from dimsetools.association.tls import server_context

    return server_context(serving.tls)
