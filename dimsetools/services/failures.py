"""What a failure status of the peer is as an exception: the same for every service that is asked for."""

from __future__ import annotations

from dimsetools.errors import StatusFailure
from dimsetools.status import Category, describe, transient


def status_failure(
    status: int, service: str, comment: str = "", offending: tuple[int, ...] = ()
) -> StatusFailure | None:
    """Return the failure that a final `status` of `service` tells of, None for success and warnings."""
    meaning = describe(status, service)
    if meaning.category in (Category.SUCCESS, Category.WARNING):
        return None
    error = StatusFailure(
        meaning.meaning, status=status, service=service, comment=comment, offending=offending
    )
    error.retryable = transient(status, service)
    return error
