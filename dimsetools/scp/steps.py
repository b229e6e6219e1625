"""Which steps of the worklist are performed: procedure steps held against the items that scheduled them.

A step that was completed leaves the worklist, one in progress is shown as started, and one that was
discontinued is still to do. The ledger is read once, at the start; later changes are noted as they come.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import Attribute, Attributes, sorted_attributes, text
from dimsetools.dataset.mpps_rules import COMPLETED, IN_PROGRESS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dimsetools.archive.ledger import Entry

_STUDY, _ACCESSION, _STEP_ID = 0x0020000D, 0x00080050, 0x00400009
_SCHEDULED, _STEPS, _STATUS = 0x00400270, 0x00400100, 0x00400020

_Key = tuple[int, str, str]
"""A scheduled step: its ID with that of the study, or with the accession number where no study is known."""


class Steps:
    """What is known of procedure steps. For any thread; `entries` are those of the ledger."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._lock = threading.Lock()
        self._states: dict[_Key, dict[str, str]] = defaultdict(dict)
        for entry in entries:
            self.note(entry)

    def note(self, entry: Entry) -> None:
        """Take over the state of a procedure step."""
        scheduled = entry.attributes.get(_SCHEDULED)
        with self._lock:
            for item in scheduled.values if scheduled is not None else ():
                for key in _keys(item, text(item, _STEP_ID)):
                    states = self._states[key]
                    # Of two changes at once the later one may be noted first: what has ended stays so.
                    if states.get(entry.uid, IN_PROGRESS) == IN_PROGRESS:
                        states[entry.uid] = entry.state

    def current(self, item: Attributes) -> Attributes | None:
        """Return a worklist item as it is now: without its completed steps, None if no other are left."""
        with self._lock:
            states = [self._of(item, step) for step in item[_STEPS].values]
        if not any(states):
            return item
        steps = tuple(
            {**step, _STATUS: Attribute("CS", ("STARTED",))} if IN_PROGRESS in found else step
            for step, found in zip(item[_STEPS].values, states, strict=True)
            if COMPLETED not in found
        )
        return sorted_attributes({**item, _STEPS: Attribute("SQ", steps)}) if steps else None

    def _of(self, item: Attributes, step: Attributes) -> set[str]:
        """Return the states of the procedure steps that perform a scheduled step."""
        keys = _keys(item, text(step, _STEP_ID))
        return {state for key in keys for state in self._states.get(key, {}).values()}


def _keys(item: Attributes, step_id: str) -> Iterator[_Key]:
    """Return what identifies a scheduled step: the study and, with the step's ID alone, the accession."""
    study, accession = text(item, _STUDY), text(item, _ACCESSION)
    if study:
        yield _STUDY, study, step_id
    if accession and step_id:
        yield _ACCESSION, accession, step_id
