from __future__ import annotations

import json
from io import StringIO

from dimsetools.association.values import Peer
from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.elements import Malformed
from dimsetools.dataset.layout import Fault
from dimsetools.dataset.models import MODELS
from dimsetools.errors import ExitCode, LimitReached, ProtocolError, StatusFailure
from dimsetools.render import Output
from dimsetools.render.find import Telling, opened_line, query_line
from dimsetools.render.line import rendered
from dimsetools.services.cancelling import Cause
from dimsetools.services.extended import Abilities
from dimsetools.services.find import Finished, Match, Opened, Remark
from dimsetools.uids import EXPLICIT_LE
from tests.render.matches import STUDY, patient

FINISHED = Finished(1, 0, "", 1, 0, False, None, 0.5, None)


def match(attributes: Attributes | None = None, number: int = 1) -> Match:
    error = None if attributes is not None else Malformed(Fault.TRUNCATED, 12, 0, "it ends too early")
    return Match(1, number, attributes, error, b"", EXPLICIT_LE)


class Told:
    """A run that tells of events, and all that can be seen of it."""

    def __init__(self, *events: object, form: str = "json") -> None:
        self.stdout, self.stderr = StringIO(), StringIO()
        self.seen: list[Match] = []
        self.output = Output(form, stdout=self.stdout, stderr=self.stderr, verbosity=1)
        self.telling = Telling(self.output, "PACS", lambda match, _: self.seen.append(match))
        for event in events:
            self.telling.event(event)  # type: ignore[arg-type]

    def code(self, *, strict: bool = False, error_on_empty: bool = False) -> ExitCode:
        return self.telling.code(strict=strict, error_on_empty=error_on_empty)

    @property
    def summary(self) -> str:
        return rendered(self.telling.summary_line(), color=False)


def test_a_query_reads_as_what_is_matched_and_what_is_returned() -> None:
    line = rendered(query_line(MODELS["study"], STUDY | {0x00100010: Attribute("PN", ("DOE*",))}), False)
    assert line.startswith("query Study Root at STUDY level: StudyDate=20260102")
    assert line.endswith("returns AccessionNumber")
    assert "everything" in rendered(query_line(MODELS["worklist"], {}), False)


def test_an_association_tells_what_was_granted() -> None:
    peer = Peer("PACS", "pacs", 104, "1.2.3", "SOFT", 0)
    line = rendered(opened_line(Opened(peer, EXPLICIT_LE, Abilities(fuzzy=True), ())), False)
    assert line == "associated with SOFT, max PDU unlimited, Explicit VR Little Endian, granted fuzzy"


def test_matches_are_shown_and_counted() -> None:
    told = Told(match(patient("a")), match(patient("b")), FINISHED)
    assert [one.attributes for one in told.seen] == [patient("a"), patient("b")]
    assert told.summary == "2 matches from PACS in 500.0 ms"
    assert told.code() is ExitCode.OK
    assert told.stderr.getvalue() == ""


def test_one_and_none_are_said_as_people_do() -> None:
    assert Told(match(patient("a")), FINISHED).summary == "1 match from PACS in 500.0 ms"
    assert Told(FINISHED, FINISHED).summary == "no match from PACS to 2 queries in 1.00 s"


def test_a_match_that_does_not_decode_is_an_error_record_with_its_offset() -> None:
    malformed = Finished(1, 0, "", 2, 1, False, None, 0.5, None)
    told = Told(match(patient("a")), match(number=2), malformed)
    record = json.loads(told.stdout.getvalue())
    assert (record["_event"], record["_code"], record["_offset"]) == ("error", "undecodable-match", 12)
    assert record["_message"].startswith("match 2 does not decode: ")
    assert told.summary.endswith("1 did not decode")
    assert told.code() is ExitCode.PARTIAL


def test_the_first_that_do_not_decode_are_explained_and_all_are_told() -> None:
    told = Told(*(match(number=number) for number in range(1, 9)))
    assert told.stderr.getvalue().count("error[") == 3
    assert told.stdout.getvalue().count("\n") == 8


def test_none_that_decodes_is_not_partial() -> None:
    assert Told(match(), Finished(1, 0, "", 1, 1, False, None, 0.5, None)).code() is ExitCode.FAILURE


def test_a_failure_is_explained_and_ends_with_its_status() -> None:
    error = StatusFailure("out of resources", status=0xA700, service="C-FIND", comment="too many")
    told = Told(FINISHED._replace(status=0xA700, error=error, matches=0))
    assert told.code() is ExitCode.FAILURE
    assert "the peer's comment: too many" in told.stderr.getvalue()
    assert Told(FINISHED, FINISHED._replace(error=error)).code() is ExitCode.PARTIAL


def test_a_limit_of_the_peer_is_a_warning_with_advice_and_68_if_strict() -> None:
    told = Told(match(patient("a")), FINISHED._replace(status=0xB001, comment="100 only"))
    assert "limit was reached; there are more matches (100 only); narrow the query" in told.stderr.getvalue()
    assert (told.code(), told.code(strict=True)) == (ExitCode.OK, ExitCode.WARNINGS)


def test_a_cancel_that_nobody_asked_for_hints_at_a_limit() -> None:
    error = ProtocolError("says that it was cancelled")
    told = Told(FINISHED._replace(status=0xFE00, error=error))
    assert "--split-by day" in told.stderr.getvalue()
    assert told.code() is ExitCode.LOST


def test_our_own_limits_say_that_there_may_be_more() -> None:
    told = Told(match(patient("a")), FINISHED._replace(status=0xFE00, cancelled=Cause.LIMIT))
    assert told.summary.endswith("--limit was reached")
    assert told.code() is ExitCode.LIMIT
    late = FINISHED._replace(status=None, cancelled=Cause.TIME, error=LimitReached("time"))
    assert Told(match(patient("a")), late).code() is ExitCode.LIMIT


def test_nothing_found_is_4_only_if_asked_for() -> None:
    told = Told(FINISHED._replace(matches=0))
    assert (told.code(), told.code(error_on_empty=True)) == (ExitCode.OK, ExitCode.NO_MATCH)
    assert Told(match(patient("a")), FINISHED).code(error_on_empty=True) is ExitCode.OK


def test_remarks_are_made_once() -> None:
    told = Told(Remark("odd"), Remark("odd"))
    assert told.stderr.getvalue() == "warning: odd\n"
    assert Told(Remark("as usual", True)).stderr.getvalue() == "as usual\n"


def test_what_was_not_granted_is_a_warning() -> None:
    peer = Peer("PACS", "pacs", 104, "1.2.3", "SOFT", 0)
    told = Told(Opened(peer, EXPLICIT_LE, Abilities(), ("fuzzy",)))
    assert "warning: PACS did not grant fuzzy" in told.stderr.getvalue()


def test_the_totals_are_a_record_too() -> None:
    record = Told(match(patient("a")), FINISHED).telling.summary_record()
    assert (record["_event"], record["_matches"], record["_queries"]) == ("summary", 1, 1)
