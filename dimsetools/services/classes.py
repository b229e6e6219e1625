"""What to propose so that a peer can send objects back by C-GET (PS3.4 C.5.3).

Every storage class that may come has to be proposed before the peer says what it has, and an association
takes 128 presentation contexts. So the peer is asked first which classes there are. Pure but for that
question: tables, and how to share out the contexts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from dimsetools.association.negotiation import CONTEXTS_PER_ASSOCIATION
from dimsetools.dataset.attributes import Attribute, Attributes, text, texts
from dimsetools.uids import EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, known_storage_classes

Pair = tuple[str, tuple[str, ...]]
"""SOP class, and the transfer syntaxes of one context for it."""
Ask = Callable[[str, Attributes], Iterable[Attributes]]
"""Runs a query at a level (STUDY, SERIES, IMAGE) with these keys; its matches."""

SOP_CLASS = 0x00080016
SOP_INSTANCE = 0x00080018
_MODALITY = 0x00080060
_CLASSES_IN_STUDY = 0x00080062
_PATIENT_ID, _STUDY, _SERIES = 0x00100020, 0x0020000D, 0x0020000E

_IMAGE = "1.2.840.10008.1.2.4."
SYNTAXES = (
    EXPLICIT_LE, IMPLICIT_LE,
    *(_IMAGE + number for number in ("70", "90", "50", "91", "80", "51")),
    "1.2.840.10008.1.2.5",
    *(_IMAGE + number for number in ("57", "81", "202", "201", "203", "110", "111", "112")),
    "1.2.840.10008.1.2.1.99",
    *(_IMAGE + number for number in ("102", "103", "100", "101", "104", "105", "106", "107", "108")),
    "1.2.840.10008.1.2.8.1", "1.2.840.10008.1.2.1.98",
    EXPLICIT_BE,
)  # fmt: skip
"""The transfer syntaxes in which objects are kept, the frequent ones first."""

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_SECONDARY = "7 7.1 7.2 7.3 7.4"
_SR = "88.11 88.22 88.33 88.34 88.35"
_OPHTHALMIC = "77.1.5.1 77.1.5.2 77.1.5.3 77.1.5.5 77.1.5.6"
_TOMOGRAPHY = "77.1.5.4 77.1.5.7 77.1.5.8 81.1"
_VISIBLE_LIGHT = "77.1.1 77.1.1.1 77.1.2 77.1.2.1 77.1.4 77.1.4.1"
_OF_MODALITY = {
    "CR": "1 1.1 1.1.1",
    "DX": "1.1 1.1.1 1",
    "MG": "1.2 1.2.1 13.1.3 13.1.4 13.1.5 1.1 1.1.1",
    "IO": "1.3 1.3.1 1.1 1.1.1",
    "PX": "1.1 1.1.1 1.3 1",
    "DG": "1.1 1.1.1 1",
    "CT": "2 2.1 2.2 13.1.2",
    "MR": "4 4.1 4.2 4.3 4.4 66.6",
    "US": "6.1 3.1 6.2 3 6",
    "IVUS": "6.1 3.1",
    "PA": "6.3",
    "NM": "20 5",
    "PT": "128 128.1 130",
    "XA": "12.1 12.1.1 13.1.1 12.3",
    "RF": "12.2 12.2.1 12.1",
    "RG": "1 1.1",
    "OT": _SECONDARY,
    "SC": _SECONDARY,
    "SEG": "66.4 66.5 66.7 66.8",
    "REG": "66.1 66.3",
    "FID": "66.2",
    "RWV": "67",
    "KO": "88.59",
    "PR": " ".join(f"11.{number}" for number in range(1, 13)),
    "SR": f"{_SR} 88.40 88.50 88.65 88.67 88.68 88.69 88.70 88.71 88.72 88.73 88.74 88.75 88.76 88.77",
    "DOC": "104.1 104.2",
    "M3D": "104.3 104.4 104.5",
    "PLAN": "88.70 481.5",
    "ECG": "9.1.1 9.1.2 9.1.3 9.1.4",
    "HD": "9.2.1",
    "EPS": "9.3.1",
    "EEG": "9.7.1",
    "EMG": "9.7.2",
    "EOG": "9.7.3",
    "RESP": "9.6.1 9.6.2",
    "AU": "9.4.1 9.4.2",
    "ES": _VISIBLE_LIGHT,
    "GM": _VISIBLE_LIGHT,
    "XC": _VISIBLE_LIGHT,
    "SM": "77.1.3 77.1.6 91.1 77.1.2",
    "ANN": "91.1",
    "DMS": "77.1.7 77.1.4",
    "CFM": "77.1.8 77.1.9",
    "OP": _OPHTHALMIC,
    "OPT": f"{_TOMOGRAPHY} {_OPHTHALMIC}",
    "OCT": f"14.1 14.2 {_TOMOGRAPHY}",
    "IVOCT": "14.1 14.2",
    "OPM": "79.1 82.1 81.1",
    "OPV": "80.1",
    "LEN": "78.1",
    "AR": "78.2",
    "KER": "78.3",
    "SRF": "78.4",
    "VA": "78.5",
    "OAM": "78.7",
    "IOL": "78.8",
    "RTIMAGE": "481.1 481.23 481.24",
    "RTDOSE": "481.2",
    "RTSTRUCT": "481.3 481.11",
    "RTPLAN": "481.5 481.8",
    "RTRECORD": "481.4 481.6 481.7 481.9 481.16 481.17 481.18 481.19 481.20",
    "RTINTENT": "481.10",
    "RTRAD": "481.12 481.13 481.14 481.15 481.21 481.22 481.25",
    "SMR": "77.1.5.3",
    "ASMT": "90.1",
    "CTPROTOCOL": "200.1 200.2",
    "XAPROTOCOL": "200.7 200.8",
}
_ANYWHERE = f"{_SECONDARY} 66 11.1 88.59 104.1"
"""What turns up in series of any modality: captures, raw data, presentation states, key objects, reports."""
_OF_MODEL = {
    "hanging-protocol": "1.2.840.10008.5.1.4.38.1",
    "color-palette": "1.2.840.10008.5.1.4.39.1",
    "implant": "1.2.840.10008.5.1.4.43.1",
    "implant-assembly": "1.2.840.10008.5.1.4.44.1",
    "implant-group": "1.2.840.10008.5.1.4.45.1",
    "defined-procedure": f"{_STORAGE}200.1 {_STORAGE}200.7",
    "protocol-approval": f"{_STORAGE}200.3",
    "inventory": f"{_STORAGE}201.1",
}
_FREQUENT = (
    "CT", "MR", "CR", "DX", "US", "SC", "MG", "XA", "RF", "NM", "PT", "PR", "SR", "KO", "DOC", "SEG", "REG",
    "RTSTRUCT", "RTPLAN", "RTDOSE", "RTIMAGE", "IO", "ES", "OP", "OPT", "SM", "ECG", "RWV", "HD", "RTRECORD",
)  # fmt: skip


class Known(NamedTuple):
    """The storage classes that a retrieve may bring; `certain` if the peer itself named them."""

    classes: tuple[str, ...]
    certain: bool


def of_modalities(modalities: Iterable[str]) -> tuple[str, ...]:
    """Return the storage classes that series of these modalities have, () if one is not known."""
    lists = [_OF_MODALITY.get(modality.strip().upper(), "") for modality in modalities]
    return _uids([*lists, _ANYWHERE]) if lists and all(lists) else ()


def of_model(name: str) -> tuple[str, ...]:
    """Return the storage classes of the objects in an information model, () if it has all kinds."""
    return tuple(_OF_MODEL.get(name, "").split())


@cache
def frequent() -> tuple[str, ...]:
    """Return the storage classes to propose when nothing is known, the most likely first."""
    return _uids([*(_OF_MODALITY[modality] for modality in _FREQUENT), _ANYWHERE, "30"])


def every() -> tuple[str, ...]:
    """Return all storage classes, the most likely first."""
    return tuple(dict.fromkeys((*frequent(), *known_storage_classes())))


def _uids(lists: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_STORAGE + number for numbers in lists for number in numbers.split()))


# -- asking -----------------------------------------------------------------------------------------


def ask(identifier: Attributes, level: str, query: Ask) -> Known:
    """Find out which storage classes the objects have that `identifier` asks for at `level`.

    The study itself may say (SOP Classes in Study), else its series' modalities are a hint. Without an
    answer that helps, `classes` is ().
    """
    above = {tag: identifier[tag] for tag in (_PATIENT_ID, _STUDY) if tag in identifier}
    if level in ("PATIENT", "STUDY"):
        found = [texts(match, _CLASSES_IN_STUDY) for match in query("STUDY", _keys(above, _CLASSES_IN_STUDY))]
        if found and all(found):
            return Known(tuple(dict.fromkeys(uid for uids in found for uid in uids if uid)), certain=True)
    if level == "IMAGE" and _SERIES in identifier:
        keys = _keys({**identifier}, SOP_CLASS)
        named = [text(match, SOP_CLASS) for match in query("IMAGE", keys)]
        if named and all(named):
            return Known(tuple(dict.fromkeys(named)), certain=True)
    if _STUDY not in above:
        return Known((), certain=False)
    series = {tag: identifier[tag] for tag in (_SERIES,) if tag in identifier and level != "STUDY"}
    modalities = {text(match, _MODALITY) for match in query("SERIES", _keys({**above, **series}, _MODALITY))}
    return Known(of_modalities(sorted(modalities)), certain=False)


def _keys(given: Attributes, wanted: int) -> Attributes:
    """Return `given` with an empty key to be returned, and the UIDs of all levels that it names."""
    vr = "CS" if wanted == _MODALITY else "UI"
    keys = {tag: attribute for tag, attribute in given.items() if tag >= SOP_CLASS}
    if wanted == _MODALITY:
        keys.setdefault(_SERIES, Attribute("UI"))
    return dict(sorted({**keys, wanted: Attribute(vr)}.items()))


# -- sharing out the contexts -----------------------------------------------------------------------


def share_out(
    classes: Sequence[str], syntaxes: Sequence[str] = (), *, taken: int = 1
) -> list[tuple[Pair, ...]]:
    """Return what to propose for `classes`, in as many groups as there must be associations.

    A context in which one transfer syntax alone is agreed makes the peer send objects of that syntax as
    they are, so there is one for each of `syntaxes` (by default SYNTAXES) as far as they go; the rest of
    them share a context, from which the peer picks one. `taken` contexts of each association are for others.
    """
    wanted = tuple(dict.fromkeys(syntaxes)) or SYNTAXES
    room = CONTEXTS_PER_ASSOCIATION - taken
    groups: list[tuple[Pair, ...]] = []
    for start in range(0, len(classes), room):
        members = classes[start : start + room]
        alone = min(room // len(members), len(wanted))
        if alone < len(wanted):
            alone -= 1
        lists: list[tuple[str, ...]] = [(syntax,) for syntax in wanted[:alone]]
        if alone < len(wanted):
            lists.append(wanted[alone:])
        groups.append(tuple((member, choice) for choice in lists for member in members))
    return groups
