"""What to propose for a set of objects, and which of them each association can carry. Pure.

An object is offered in the transfer syntax it has; only when the peer has refused that, in those it can be
converted to without loss. A presentation context names one transfer syntax, so that the peer's choice is
never between an object as it is and a converted one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from dimsetools.association.negotiation import CONTEXTS_PER_ASSOCIATION, plan
from dimsetools.association.values import AcceptedContext, ProposedContext
from dimsetools.services.examine import Item
from dimsetools.uids import TRANSFER_SYNTAXES

Pair = tuple[str, str]
"""SOP class and transfer syntax."""


class Batch(NamedTuple):
    """What goes over the associations that propose `contexts`."""

    contexts: tuple[ProposedContext, ...]
    items: list[Item]


def pair_of(item: Item) -> Pair:
    """Return what `item` is."""
    return item.meta.sop_class_uid, item.meta.transfer_syntax


class Rules(NamedTuple):
    """How objects may go out: in one of `syntaxes` only, the preferred first, if any are named."""

    syntaxes: tuple[str, ...] = ()
    convert: bool = True

    def own(self, pair: Pair) -> tuple[Pair, ...]:
        """Return what is proposed at first for objects that are `pair`."""
        sop_class, syntax = pair
        if not self.syntaxes:
            return (pair,)
        targets = [target for target in self.syntaxes if target == syntax or self._converts(syntax, target)]
        return tuple((sop_class, target) for target in targets)

    def others(self, pair: Pair) -> tuple[Pair, ...]:
        """Return what is proposed when the peer took nothing of `own`."""
        if self.syntaxes or not self.convert:
            return ()
        return tuple((pair[0], target) for target in _targets(pair[1]))

    def match(self, pair: Pair, accepted: Iterable[AcceptedContext]) -> AcceptedContext | None:
        """Return the best of the accepted contexts for objects that are `pair`; their own comes first."""
        sop_class, syntax = pair
        contexts = {
            context.transfer_syntax: context for context in accepted if context.abstract_syntax == sop_class
        }
        if syntax in contexts and (not self.syntaxes or syntax in self.syntaxes):
            return contexts[syntax]
        if not self.convert:
            return None
        targets = self.syntaxes or _targets(syntax)
        return next(
            (contexts[target] for target in targets if target in contexts and target in _targets(syntax)),
            None,
        )

    def _converts(self, syntax: str, target: str) -> bool:
        return self.convert and target in _targets(syntax)


def batches(items: Sequence[Item], offer: Callable[[Pair], tuple[Pair, ...]]) -> list[Batch]:
    """Split `items` so that all that is offered for those of a batch fits into one association.

    `offer` returns what to propose for a pair, a few contexts at most. Order is kept within a batch.
    """
    groups: list[tuple[dict[Pair, None], list[Item]]] = []
    place: dict[Pair, list[Item]] = {}
    for item in items:
        pair = pair_of(item)
        found = place.get(pair)
        if found is None:
            offered = dict.fromkeys(offer(pair))
            if not groups or len(groups[-1][0] | offered) > CONTEXTS_PER_ASSOCIATION:
                groups.append(({}, []))
            groups[-1][0].update(offered)
            found = place[pair] = groups[-1][1]
        found.append(item)
    return [Batch(plan((sop, (syntax,)) for sop, syntax in pairs)[0], members) for pairs, members in groups]


@cache
def _targets(syntax: str) -> tuple[str, ...]:
    """Return the transfer syntaxes that objects of `syntax` can be converted to, the best first."""
    from dimsetools.dataset.transcode import choose

    left = [target for target in TRANSFER_SYNTAXES if target != syntax]
    found = []
    while (best := choose(syntax, left)) is not None:
        found.append(best)
        left.remove(best)
    return tuple(found)
