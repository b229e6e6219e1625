r"""Coded entries (PS3.3 section 8) as people write them: `110501\DCM\Equipment failure`."""

from __future__ import annotations

from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.flat import from_flat
from dimsetools.errors import UsageError

REASON = r"110513\DCM\Discontinued for unspecified reason"
"""Why a step was given up where nobody has said: it stands for any other (PS3.16 CID 9300)."""

_LONGEST_VALUE = 16
_LONGEST_MEANING = 64
_FORM = r"write VALUE\SCHEME\MEANING, as 110501\DCM\Equipment failure"


def coded(text: str) -> Attributes:
    r"""Return the item of a code written `VALUE\SCHEME\MEANING`; UsageError for anything else."""
    value, _, rest = text.partition("\\")
    scheme, _, meaning = rest.partition("\\")
    parts = value.strip(), scheme.strip(), meaning.strip()
    if not all(parts) or "\\" in meaning:
        raise UsageError(f"{text!r:.80} is no code", hint=_FORM)
    if len(parts[0]) > _LONGEST_VALUE or len(parts[1]) > _LONGEST_VALUE or len(parts[2]) > _LONGEST_MEANING:
        raise UsageError(
            f"{text!r:.120} is too long for a code",
            hint=f"value and scheme have up to {_LONGEST_VALUE} characters, the meaning {_LONGEST_MEANING}",
        )
    return from_flat({"CodeValue": parts[0], "CodingSchemeDesignator": parts[1], "CodeMeaning": parts[2]})
