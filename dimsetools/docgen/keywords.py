"""The keywords that shells offer for a key: those of the query models, not all five thousand."""

from __future__ import annotations

from dimsetools.dataset.dictionary import entry, keywords, tag_of
from dimsetools.dataset.models import MODELS, key_origin, with_defaults

_LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE")


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


def _offered() -> tuple[str, ...]:
    tags = _usual()
    tags.update(tag for tag in map(tag_of, keywords()) if tag is not None and key_origin(tag) in _LEVELS)
    rows = (entry(tag) for tag in tags)
    return tuple(sorted(row.keyword for row in rows if row is not None and not row.retired))


KEYWORDS = _offered()
