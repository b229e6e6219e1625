"""The names that DCMTK gives to UIDs in dump text, which are not quite those of PS3.6."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from dimsetools import uids

# Those that no rule below makes out of PS3.6's.
_OWN = {
    "littleendianimplicit": uids.IMPLICIT_LE,
    "littleendianexplicit": uids.EXPLICIT_LE,
    "deflatedlittleendianexplicit": uids.DEFLATED_LE,
    "bigendianexplicit": uids.EXPLICIT_BE,
    "jpeglosslessnonhierarchical1storderprediction": "1.2.840.10008.1.2.4.70",
    "jpeglslossy": "1.2.840.10008.1.2.4.81",
    "findcolorpaletteinformationmodel": "1.2.840.10008.5.1.4.39.2",
    "movecolorpaletteinformationmodel": "1.2.840.10008.5.1.4.39.3",
    "getcolorpaletteinformationmodel": "1.2.840.10008.5.1.4.39.4",
    "implantationplansrdocumentstorage": "1.2.840.10008.5.1.4.1.1.88.70",
}
_RETIRED = ("RETIRED_", "DRAFT_")
_SERVICES = ("FIND", "MOVE", "GET")


def named_uid(name: str) -> str:
    """Return the UID of a name as it stands behind `=` in a dump; ValueError if it is not known."""
    for spelling, retired in _spellings(name.strip()):
        found = _OWN.get(spelling) or _words().get((spelling, retired))
        if found is not None:
            return found
    raise ValueError(f"{name!r:.80} is no known name of a UID; write the UID itself")


def _spellings(name: str) -> Iterator[tuple[str, bool]]:
    """Return what PS3.6 may call a UID, and whether it must be a retired one."""
    retired = name.startswith(_RETIRED)
    if retired:
        name = name.partition("_")[2]
    for ending in ("Retired", "Trial") if retired else ():
        yield _plain(name + ending), True
    for ending in ("", "SOPClass", "CodingScheme"):
        yield _plain(name.removesuffix(ending)), retired
    for service in _SERVICES:
        if name.startswith(service):
            yield _plain(name.removeprefix(service) + service), retired


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


@cache
def _words() -> Mapping[tuple[str, bool], str]:
    """Return (name or keyword, retired) -> UID."""
    found: dict[tuple[str, bool], str] = {}
    for uid, (name, _, _, retired, keyword) in uids.load_table("_uid_dict").UID_dictionary.items():
        for word in (name, keyword):
            found.setdefault((_plain(word), bool(retired)), uid)
    # Some retired UIDs have no name but this.
    return {key: uid for key, uid in found.items() if key[0] not in ("", "retired")}
