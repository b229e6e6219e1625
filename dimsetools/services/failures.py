"""What a failure status of the peer is as an exception: the same for every service that is asked for."""

from __future__ import annotations

from dimsetools.errors import StatusFailure
from dimsetools.status import Category, describe, transient


def status_failure(
    status: int, service: str, comment: str = "", offending: tuple[int, ...] = (), sop_class: str = ""
) -> StatusFailure | None:
    """Return the failure that a final `status` of `service` tells of, None for success and warnings.

    Of the N-services a status means what it means for `sop_class`.
    """
    meaning = describe(status, service, sop_class)
    if meaning.category in (Category.SUCCESS, Category.WARNING):
        return None
    error = StatusFailure(
        meaning.meaning,
        status=status,
        service=service,
        comment=comment,
        offending=offending,
        sop_class=sop_class,
    )
    error.retryable = transient(status, service, sop_class)
    return error
