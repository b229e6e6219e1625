"""Texts for films, with values of the images that are on them: `{PatientName} {StudyDate}, film {film}`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dimsetools.dataset.attributes import Attributes, texts
from dimsetools.dataset.dictionary import keywords, tag_of
from dimsetools.errors import UsageError, did_you_mean

_FIELD = re.compile(r"\{([^{}]*)\}")
_FILM = "film"


class Wording:
    """A text; `tags` are the attributes that are named in it. UsageError if one is no attribute."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tags: dict[str, int] = {}
        for word in _FIELD.findall(text):
            tag = tag_of(word)
            if tag is not None:
                self._tags[word] = tag
            elif word != _FILM:
                hint = (
                    did_you_mean(word, keywords()) or "write keywords in braces, as {PatientName}, or {film}"
                )
                raise UsageError(f"{{{word}}} names no attribute", hint=hint)

    @property
    def tags(self) -> frozenset[int]:
        """The attributes that are named."""
        return frozenset(self._tags.values())

    def of(self, film: int, images: Sequence[Attributes]) -> str:
        """Return the text for a film with these images; values that differ among them are all named."""

        def value(match: re.Match[str]) -> str:
            if match[1] == _FILM:
                return str(film)
            tag = self._tags[match[1]]
            found = dict.fromkeys("\\".join(texts(image, tag)) for image in images)
            return " / ".join(filter(None, found))

        # A backslash would begin another value.
        return " ".join(_FIELD.sub(value, self._text).replace("\\", ", ").split())
