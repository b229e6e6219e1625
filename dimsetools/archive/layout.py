"""Which name an object gets below the folder it is kept in.

Every value that goes into a name came over the network. A value becomes one path component at most, of
characters that mean nothing to a file system, a shell or a terminal; it never makes a component empty,
hidden, absolute or a step upwards. Two values that differ get names that differ.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from string import Formatter

from dimsetools.dataset.dictionary import keyword_of, keywords, tag_of
from dimsetools.errors import UsageError, did_you_mean
from dimsetools.uids import is_dotted

DEFAULT = "{SOPInstanceUID}.dcm"
FROM_ASSOCIATION = frozenset({"CallingAET", "CalledAET", "TransferSyntaxUID"})
FROM_COMMAND = frozenset({"SOPClassUID", "SOPInstanceUID"})

_PLAIN = re.compile(r"[A-Za-z0-9_^=+][A-Za-z0-9._^=+ -]*")
_OTHER = re.compile(r"[^A-Za-z0-9._^=+-]")
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")  # devices on Windows shares
_NOTHING = "_"
_NAME_LIMIT = 64  # characters of one value; a component of several values and dots stays below 255
_COMPONENT_LIMIT = 240  # bytes, below the 255 of common file systems, with room for "~2"


def uid_name(uid: str) -> str:
    """Return the UID itself, or a hash where it is none."""
    return uid if is_dotted(uid) else f"uid-{_digest(uid, 32)}"


def text_name(text: str) -> str:
    """Return `text` as part of a path component: itself if harmless, else altered and marked by a hash."""
    text = text.strip(" \0")
    if not text:
        return _NOTHING
    if (
        len(text) <= _NAME_LIMIT
        and text != _NOTHING
        and _PLAIN.fullmatch(text)
        and text[-1] not in ". "
        and not _RESERVED.fullmatch(text)
    ):
        return text
    kept = _OTHER.sub("_", text[: _NAME_LIMIT - 9]).lstrip(".-")
    if not kept or _RESERVED.fullmatch(kept):
        kept = f"_{kept}"
    return f"{kept}~{_digest(text, 8)}"


def safe_name(keyword: str, value: str) -> str:
    """Return the value of an attribute as part of a path component or as a word of a command."""
    return uid_name(value) if keyword.endswith("UID") else text_name(value)


class Layout:
    """A pattern such as `{PatientID}/{StudyInstanceUID}/{SOPInstanceUID}.dcm`, checked once.

    Fields are keywords of top-level elements, and `CallingAET`, `CalledAET`, `TransferSyntaxUID`. A
    pattern that ends in `/` gets `{SOPInstanceUID}.dcm` appended. UsageError when it names no instance, has
    an unknown field, or could leave the folder.
    """

    def __init__(self, pattern: str = DEFAULT) -> None:
        self.pattern = pattern + DEFAULT if pattern.endswith("/") else pattern
        self._components = [_parse(component, pattern) for component in self.pattern.split("/")]
        fields = [name for component in self._components for _, name in component if name]
        if "SOPInstanceUID" not in fields:
            raise UsageError(
                f"layout {pattern!r} does not name the instance",
                hint="end it with {SOPInstanceUID}.dcm, or with / to have that added",
            )
        if self.pattern.endswith(".part"):
            raise UsageError(f"layout {pattern!r} ends in .part, the suffix of unfinished files")
        self.tags = {name: _tag(name) for name in fields if name not in FROM_ASSOCIATION | FROM_COMMAND}
        """Keyword -> tag of what has to be read from the data set."""
        self._is_default = self.pattern == DEFAULT  # which need not be looked at part by part
        self.personal = any(not name.endswith("UID") for name in self.tags)
        """Whether a path may tell something about a patient."""

    def path(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """Return the components below the root for one object; a value that is missing counts as empty."""
        if self._is_default:
            return (f"{uid_name(values['SOPInstanceUID'])}.dcm",)
        return tuple(_fill(component, values) for component in self._components)


def _fill(component: list[tuple[str, str]], values: Mapping[str, str]) -> str:
    parts = []
    for literal, field in component:
        parts.append(literal)
        if field:
            parts.append(safe_name(field, values.get(field, "")))
    name = "".join(parts)
    if len(os.fsencode(name)) > _COMPONENT_LIMIT:
        name = f"{name[:64]}~{_digest(name, 32)}"
    return name


def _parse(component: str, pattern: str) -> list[tuple[str, str]]:
    """Split one component into (literal, field) pairs, the field empty behind the last literal."""
    if component in ("", ".", "..") or "\0" in component or "\\" in component:
        raise UsageError(f"layout {pattern!r} has an empty, absolute or upward step")
    try:
        parts = list(Formatter().parse(component))
    except ValueError as error:
        raise UsageError(f"layout {pattern!r}: {error}") from None
    if any(specification or conversion for _, _, specification, conversion in parts):
        raise UsageError(f"layout {pattern!r}: a field is a plain {{Keyword}}")
    if any(name == "" for _, name, _, _ in parts):
        raise UsageError(f"layout {pattern!r}: a field without a name")
    return [(literal, name or "") for literal, name, _, _ in parts]


def _tag(keyword: str) -> int:
    tag = tag_of(keyword)
    if tag is None or keyword_of(tag) != keyword:
        field = f"{{{keyword}}}"
        fields = (f"{{{known}}}" for known in (*keywords(), *FROM_ASSOCIATION))
        raise UsageError(f"layout field {field} is no DICOM keyword", hint=did_you_mean(field, fields))
    return tag


def _digest(text: str, length: int) -> str:
    import hashlib  # 2 ms, and rarely needed

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]
