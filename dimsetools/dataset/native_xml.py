"""Queries in XML, the Native DICOM Model of PS3.19 A.1: read with expat, and without any DTD or entity.

A document is one `NativeDicomModel`, or has several of them inside its outermost element.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import NoReturn
from xml.parsers import expat  # a DTD, and with it every entity, is refused below

from dimsetools.dataset.attributes import (
    BINARY,
    STRINGS,
    UNSPLIT,
    Attribute,
    Attributes,
    sorted_attributes,
)
from dimsetools.dataset.dictionary import vr_of
from dimsetools.dataset.key_values import parse_values
from dimsetools.dataset.layout import LONG_VRS, SHORT_VRS
from dimsetools.dataset.private import private_tag
from dimsetools.dataset.walk import MAX_DEPTH
from dimsetools.errors import InputError, UsageError

MOST_NODES = 200_000
_DEEPEST = 2 * MAX_DEPTH + 8
_VRS = {vr.decode() for vr in SHORT_VRS | LONG_VRS} | {"SQ", "UN"}
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")


class _Node:
    """An element of the document."""

    __slots__ = ("attributes", "children", "line", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.name = name
        self.attributes = attributes
        self.line = line
        self.children: list[_Node] = []
        self.text: list[str] = []

    def content(self) -> str:
        return "".join(self.text)

    def named(self, name: str) -> list[_Node]:
        """Return the children of that name, in the order of their numbers."""
        found = [child for child in self.children if child.name == name]
        numbers = [child.attributes.get("number", "") for child in found]
        if all(number.isdigit() and len(number) < 10 for number in numbers):
            found.sort(key=lambda child: int(child.attributes["number"]))
        return found


class _Refused(Exception):
    """The node at `line` cannot be part of a query."""

    def __init__(self, line: int, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.line = line
        self.what = what
        self.hint = hint


def xml_queries(data: bytes, name: str) -> Iterator[Attributes]:
    """Return the queries in the document `data`; InputError names the line in the file `name`."""
    try:
        root = _parse(data)
        if root.name == "NativeDicomModel":
            models = [root]
        else:
            models = [child for child in root.children if child.name == "NativeDicomModel"]
        if not models:
            raise _Refused(
                root.line,
                f"<{root.name:.40}> is no Native DICOM Model",
                "write it with dcm2xml --native-format",
            )
        for model in models:
            yield _attributes(model)
    except _Refused as bad:
        raise InputError(f"{name}, line {bad.line}: {bad.what}", hint=bad.hint) from None


def _parse(data: bytes) -> _Node:
    """Return the outermost element of a document."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    top = _Node("", {}, 0)
    stack, count = [top], 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(stack) > _DEEPEST or count > MOST_NODES:
            raise _Refused(parser.CurrentLineNumber, "nested too deep, or too many elements")
        node = _Node(name.rpartition(" ")[2], attributes, parser.CurrentLineNumber)
        stack[-1].children.append(node)
        stack.append(node)

    def end(name: str) -> None:
        del name
        stack.pop()

    def doctype(*_: object) -> NoReturn:
        raise _Refused(parser.CurrentLineNumber, "it has a document type, which is not taken")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda text: stack[-1].text.append(text)
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        reason = expat.errors.messages.get(error.code, "no XML")
        raise _Refused(error.lineno, f"no XML: {reason}") from None
    except (LookupError, ValueError):  # an encoding that Python does not know, or that is not 8-bit
        raise _Refused(1, "no XML: unknown encoding") from None
    return top.children[0]


def _attributes(node: _Node, depth: int = 0) -> Attributes:
    """Return the data set of a model or item."""
    if depth > MAX_DEPTH:
        raise _Refused(node.line, f"sequences nested deeper than {MAX_DEPTH}")
    found: Attributes = {}
    elements = node.named("DicomAttribute")
    # Creators first: they say which block the attributes lie in that name one of them.
    for element in sorted(elements, key=lambda element: bool(element.attributes.get("privateCreator"))):
        creator = element.attributes.get("privateCreator", "")
        try:
            tag = int(element.attributes.get("tag", ""), 16)
            if not 0 <= tag <= 0xFFFFFFFF:
                raise ValueError
            if creator:
                tag = private_tag(found, tag >> 16, creator, tag & 0xFF)
        except ValueError:
            raise _Refused(element.line, "a DicomAttribute without a tag of eight digits") from None
        except UsageError as error:
            raise _Refused(element.line, error.message) from None
        vr = element.attributes.get("vr") or vr_of(tag)
        if vr not in _VRS:
            raise _Refused(element.line, f"{tag:08X} has the unknown VR {vr!r:.20}")
        found[tag] = Attribute(vr, _values(element, tag, vr, depth))
    return sorted_attributes(found)


def _values(element: _Node, tag: int, vr: str, depth: int) -> tuple[object, ...]:
    if vr == "SQ":
        return tuple(_attributes(item, depth + 1) for item in element.named("Item"))
    if element.named("BulkData"):
        raise _Refused(
            element.line,
            f"the value of {tag:08X} is not in the file",
            "write it with dcm2xml --encode-base64",
        )
    try:
        if vr in BINARY:
            parts = [b64decode("".join(part.content().split())) for part in element.named("InlineBinary")]
            return tuple(part for part in parts[:1] if part)
        if vr == "PN":
            values = tuple(map(_person_name, element.named("PersonName")))
        else:
            written = [value.content() for value in element.named("Value")]
            if vr not in STRINGS:
                return tuple(value for text in written for value in parse_values(text.strip(), vr))
            strip = str.rstrip if vr in UNSPLIT else str.strip
            values = tuple(strip(text, " \0") for text in written)
        return () if values == ("",) else values
    except ValueError as error:
        raise _Refused(element.line, f"{tag:08X}: {error}") from None


def _person_name(name: _Node) -> str:
    """Return a name as PS3.5 6.2.1.2 writes it."""
    groups = []
    for group in _GROUPS:
        nodes = name.named(group)
        parts = {part.name: part.content().strip(" \0") for part in (nodes[0].children if nodes else ())}
        groups.append("^".join(parts.get(component, "") for component in _COMPONENTS).rstrip("^"))
    return "=".join(groups).rstrip("=")
