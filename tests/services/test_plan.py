from __future__ import annotations

from dimsetools.association.values import AcceptedContext
from dimsetools.dataset.part10 import FileMeta
from dimsetools.services.examine import Item
from dimsetools.services.plan import Rules, batches, pair_of
from dimsetools.uids import DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, transfer_syntax

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
JPEG, J2K, MPEG = (transfer_syntax(name) for name in ("jpeg", "jpeg2000-lossless", "mpeg2"))


def _item(sop_class: str = CT, syntax: str = EXPLICIT_LE, number: int = 0) -> Item:
    return Item(f"{number}.dcm", FileMeta(sop_class, f"1.2.{number}", syntax, 300, 1000, False), 1300, 0)


def _accepted(*pairs: tuple[str, str]) -> list[AcceptedContext]:
    return [AcceptedContext(2 * n + 1, sop, syntax) for n, (sop, syntax) in enumerate(pairs)]


def test_each_pair_found_is_one_context_with_one_syntax() -> None:
    items = [_item(CT), _item(CT, JPEG), _item(MR), _item(CT)]
    (batch,) = batches(items, Rules().own)
    assert [(c.id, c.abstract_syntax, c.transfer_syntaxes) for c in batch.contexts] == [
        (1, CT, (EXPLICIT_LE,)),
        (3, CT, (JPEG,)),
        (5, MR, (EXPLICIT_LE,)),
    ]
    assert batch.items == items


def test_more_than_128_pairs_take_several_associations() -> None:
    items = [_item(f"1.2.3.{number % 300}", number=number) for number in range(600)]
    planned = batches(items, Rules().own)
    assert [len(batch.contexts) for batch in planned] == [128, 128, 44]
    assert sorted(item.path for batch in planned for item in batch.items) == sorted(i.path for i in items)
    for batch in planned:
        proposed = {(context.abstract_syntax, context.transfer_syntaxes[0]) for context in batch.contexts}
        assert {pair_of(item) for item in batch.items} == proposed
        assert [context.id for context in batch.contexts] == list(range(1, 2 * len(proposed), 2))


def test_what_is_offered_for_an_object_stays_together() -> None:
    items = [_item(f"1.2.3.{number}", JPEG, number) for number in range(50)]
    planned = batches(items, Rules().others)
    assert len(planned) > 1
    for batch in planned:
        assert len(batch.contexts) <= 128
        for item in batch.items:
            offered = {
                c.transfer_syntaxes[0] for c in batch.contexts if c.abstract_syntax == pair_of(item)[0]
            }
            assert offered == {syntax for _, syntax in Rules().others(pair_of(item))}


def test_only_what_an_object_can_become_is_offered() -> None:
    offered = [syntax for _, syntax in Rules().others((CT, JPEG))]
    assert offered[:4] == [EXPLICIT_LE, IMPLICIT_LE, DEFLATED_LE, EXPLICIT_BE]
    assert JPEG not in offered
    assert Rules().others((CT, MPEG)) == ()
    assert Rules(convert=False).others((CT, JPEG)) == ()


def test_the_own_syntax_is_matched_first() -> None:
    contexts = _accepted((CT, IMPLICIT_LE), (CT, EXPLICIT_LE), (MR, J2K))
    assert Rules().match((CT, EXPLICIT_LE), contexts) == contexts[1]
    assert Rules().match((MR, J2K), contexts) == contexts[2]


def test_another_accepted_syntax_will_do_unless_conversion_is_off() -> None:
    contexts = _accepted((MR, EXPLICIT_LE), (CT, IMPLICIT_LE))
    assert Rules().match((CT, JPEG), contexts) == contexts[1]
    assert Rules(convert=False).match((CT, JPEG), contexts) is None
    assert Rules().match((CT, MPEG), contexts) is None


def test_named_syntaxes_replace_the_own() -> None:
    rules = Rules(syntaxes=(J2K, IMPLICIT_LE))
    assert rules.own((CT, EXPLICIT_LE)) == ((CT, J2K), (CT, IMPLICIT_LE))
    assert rules.own((CT, MPEG)) == ()
    assert rules.others((CT, EXPLICIT_LE)) == ()
    contexts = _accepted((CT, IMPLICIT_LE), (CT, J2K), (CT, EXPLICIT_LE))
    assert rules.match((CT, EXPLICIT_LE), contexts) == contexts[1]
    assert rules.match((CT, IMPLICIT_LE), contexts) == contexts[0]


def test_named_syntaxes_without_conversion_take_only_objects_that_have_them() -> None:
    rules = Rules(syntaxes=(J2K, IMPLICIT_LE), convert=False)
    assert rules.own((CT, IMPLICIT_LE)) == ((CT, IMPLICIT_LE),)
    assert rules.own((CT, EXPLICIT_LE)) == ()
