"""The keywords that shells offer for a key: those of query models and N- services, not all five thousand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dimsetools.dataset import availability_rules, mpps_rules, print_rules, ups_rules
from dimsetools.dataset.dictionary import entry, keywords, tag_of
from dimsetools.dataset.models import MODELS, key_origin, with_defaults
from dimsetools.dataset.requirements import Rule

_LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE")
_RULES = (
    availability_rules.CREATE,
    mpps_rules.CREATE, mpps_rules.FINAL,
    print_rules.SESSION, print_rules.FILM_CREATE, print_rules.GRAYSCALE_BOX, print_rules.COLOR_BOX,
    print_rules.ANNOTATION, print_rules.LUT,
    ups_rules.CREATE, ups_rules.COMPLETE, ups_rules.SUBSCRIBE, ups_rules.REQUEST_CANCEL,
)  # fmt: skip
_WITHOUT_RULES = (
    "PrinterStatus", "PrinterStatusInfo", "PrinterName", "ExecutionStatus", "ExecutionStatusInfo",
    "FailedSOPSequence", "FailureReason", "TransactionUID",
)  # fmt: skip
"""What is read of a printer or print job, and what a storage commitment is about."""


def _usual() -> set[int]:
    """Return the tags that are asked for where nobody says which, inside of sequences too."""
    found: set[int] = set()
    for model in MODELS.values():
        for level in model.levels or ("",):
            if model.find and level != "FRAME":
                for tag, (vr, values) in with_defaults(model, level, {}).items():
                    found.add(tag)
                    if vr == "SQ":
                        found.update(inner for item in values for inner in item)
    return found


def _ruled(rules: Iterable[Rule]) -> Iterator[int]:
    """Return the tags of a table, inside of sequences too."""
    for rule in rules:
        yield rule.tag
        yield from _ruled(rule.items)


def _offered() -> tuple[str, ...]:
    tags = _usual()
    tags.update(tag for rules in _RULES for tag in _ruled(rules))
    tags.update(tag for tag in map(tag_of, _WITHOUT_RULES) if tag is not None)
    tags.update(tag for tag in map(tag_of, keywords()) if tag is not None and key_origin(tag) in _LEVELS)
    rows = (entry(tag) for tag in tags)
    return tuple(sorted(row.keyword for row in rows if row is not None and not row.retired))


KEYWORDS = _offered()
