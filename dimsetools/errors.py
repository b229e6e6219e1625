"""What can go wrong, sorted by who is to blame: us, the peer, the network, the input.

Every exception carries the exit status of the process and a short stable name that scripts can test
for, so the outermost layer never has to guess. Nothing here prints.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(IntEnum):
    """Exit status of every command; the manual page has the same table."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    PARTIAL = 3
    NO_MATCH = 4
    INPUT_UNREADABLE = 20
    INPUT_NONE = 21
    INPUT_INVALID = 22
    INPUT_NONE_VALID = 23
    OUTPUT = 40
    REPORT = 43
    OUTPUT_FOLDER = 45
    UNREACHABLE = 60
    REJECTED = 61
    LOST = 62
    NO_CONTEXT = 66
    WARNINGS = 68
    SUBOPERATIONS = 69
    TLS = 70
    LIMIT = 75
    INTERRUPTED = 130
    TERMINATED = 143


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the exit status of several operations from theirs.

    OK if all are, PARTIAL if some are; where all failed, the highest of their codes. Limits and signals
    outrank everything: work is left.
    """
    found = set(codes)
    if not found:
        return ExitCode.OK
    highest = max(found)
    if highest >= ExitCode.LIMIT or ExitCode.OK not in found:
        return highest
    return ExitCode.OK if highest is ExitCode.OK else ExitCode.PARTIAL


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint that names up to three of `known` that are close to `word`, "" if none is."""
    from difflib import get_close_matches  # rarely needed, and 7 ms

    close = get_close_matches(word, sorted(known))
    return f"did you mean {' or '.join(close)}?" if close else ""


class DimseError(Exception):
    """Base of all our errors.

    `name` is the stable word printed as `error[NAME]` and as `_code` in JSON, `exit_code` the exit
    status, `retryable` whether the same command may succeed later, `hint` what the user can try.
    """

    name: ClassVar[str] = "error"
    exit_code: ExitCode = ExitCode.FAILURE
    retryable: bool = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


# -- the user's words -------------------------------------------------------------------------------


class UsageError(DimseError):
    """An option, argument or key is wrong."""

    name = "usage"
    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """A configuration file or DIMSE_* variable is wrong."""

    name = "configuration"


# -- input and output -------------------------------------------------------------------------------


class InputError(DimseError):
    """An input file is not what it should be (empty, text, truncated, inconsistent)."""

    name = "input-invalid"
    exit_code = ExitCode.INPUT_INVALID


class InputUnreadable(InputError):
    """An input file cannot be opened or read, or changed while it was read."""

    name = "input-unreadable"
    exit_code = ExitCode.INPUT_UNREADABLE


class InputMissing(InputError):
    """No input at all was found."""

    name = "input-none"
    exit_code = ExitCode.INPUT_NONE


class LibraryMissing(DimseError):
    """What is needed to render or to draw is not installed."""

    name = "library-missing"


class OutputError(DimseError):
    """A result cannot be written."""

    name = "output"
    exit_code = ExitCode.OUTPUT


class ReportError(OutputError):
    """The report file cannot be written."""

    name = "report"
    exit_code = ExitCode.REPORT


class OutputFolderError(OutputError):
    """The output folder is missing or not writable."""

    name = "output-folder"
    exit_code = ExitCode.OUTPUT_FOLDER


# -- the network ------------------------------------------------------------------------------------


class Unreachable(DimseError):
    """No connection: name not found, refused, no route, or no answer to the connection request."""

    name = "unreachable"
    exit_code = ExitCode.UNREACHABLE
    retryable = True


class NameNotFound(Unreachable):
    """The host name does not resolve."""

    name = "name-not-found"


class ConnectionRefused(Unreachable):
    """The host answers, but nothing listens on the port."""

    name = "connection-refused"


class ConnectTimeout(Unreachable):
    """The host did not answer the connection request in time."""

    name = "connect-timeout"


class TlsError(DimseError):
    """No TLS session: hand-shake failure, bad certificate, or a side that does not speak TLS."""

    name = "tls"
    exit_code = ExitCode.TLS


class NoAnswer(DimseError):
    """The peer said nothing, or not enough, before a deadline."""

    name = "no-answer"
    exit_code = ExitCode.LOST
    retryable = True


class ConnectionLost(DimseError):
    """The connection ended in the middle of an operation."""

    name = "connection-lost"
    exit_code = ExitCode.LOST
    retryable = True


# -- the peer ---------------------------------------------------------------------------------------


class Rejected(DimseError):
    """A-ASSOCIATE-RJ: `result`, `source` and `reason` are the numbers of PS3.8 table 9-21."""

    name = "association-rejected"
    exit_code = ExitCode.REJECTED

    def __init__(
        self, message: str, *, result: int, source: int, reason: int, name: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.result = result
        self.source = source
        self.reason = reason
        self.retryable = result == 2
        if name:
            self.name = name  # type: ignore[misc]  # one stable word per reason


class Aborted(DimseError):
    """A-ABORT by the peer: `source` and `reason` are the numbers of PS3.8 table 9-26."""

    name = "association-aborted"
    exit_code = ExitCode.REJECTED
    retryable = True

    def __init__(self, message: str, *, source: int, reason: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.source = source
        self.reason = reason


class ProtocolError(DimseError):
    """The peer broke PS3.7 or PS3.8; we answer with A-ABORT."""

    name = "protocol-error"
    exit_code = ExitCode.LOST


class NoContext(DimseError):
    """No acceptable presentation context for what was to be done.

    `unproposed` is the abstract syntax that the peer was not even asked for, "" if it was.
    """

    name = "no-presentation-context"
    exit_code = ExitCode.NO_CONTEXT
    unproposed = ""


class StatusFailure(DimseError):
    """The peer answered with a failure status.

    `service` is the service's name (C-ECHO ...), `sop_class` of the N-services the UID of the class that was
    asked about, `comment` the ErrorComment and `offending` the tags (group << 16 | element) of the
    OffendingElement, both as the peer sent them, if it did.
    """

    name = "failure-status"
    exit_code = ExitCode.FAILURE

    def __init__(
        self,
        message: str,
        *,
        status: int,
        service: str = "",
        comment: str = "",
        offending: tuple[int, ...] = (),
        hint: str = "",
        sop_class: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.service = service
        self.sop_class = sop_class
        self.comment = comment
        self.offending = offending


class SubOperationsFailed(StatusFailure):
    """Objects of a retrieve could not be sent; the exit status is for none that could."""

    name = "suboperations-failed"
    exit_code = ExitCode.SUBOPERATIONS


# -- limits and signals -----------------------------------------------------------------------------


class LimitReached(DimseError):
    """A limit on time or work that the user set was reached; work is left."""

    name = "limit-reached"
    exit_code = ExitCode.LIMIT
    retryable = True


class Interrupted(DimseError):
    """SIGINT (130) or SIGTERM (143) ended the work."""

    name = "interrupted"
    exit_code = ExitCode.INTERRUPTED
    retryable = True


class Terminated(Interrupted):
    """SIGTERM ended the work."""

    name = "terminated"
    exit_code = ExitCode.TERMINATED
