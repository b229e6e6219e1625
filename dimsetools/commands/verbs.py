"""The six N- services as verbs: their words, and the request that these make, wherever they are said.

A verb knows nothing of the peer: the commands `nget` to `nevent` are verbs with one, a shell has the same
verbs without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from dimsetools.errors import UsageError
from dimsetools.options.normalized import (
    ACTION,
    ATTRIBUTES,
    CLASS,
    CONTEXT,
    EVENT,
    FROM_FILE,
    INSTANCE,
    KEY,
    KEYS,
    NO_CHECK,
    attribute_tags,
    data_set,
)

if TYPE_CHECKING:
    from dimsetools.association.stop import Stop
    from dimsetools.association.values import Role
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.dataset.normalized import NormalizedClass
    from dimsetools.services.normalized import Wanted

NEW = "new"
_PEER_NAMES_IT = "-"
_MAY_BE_NEW = ("N-CREATE", "N-EVENT-REPORT")
"""The services in which we may know of an instance that the peer has never heard of."""


class Verb(NamedTuple):
    """A service by the name of its command. `make` takes what `params` were given, by their names."""

    name: str
    service: str
    params: tuple[click.Parameter, ...]
    make: Callable[..., Wanted]

    def wanted(self, *, stop: Stop | None = None, **params: object) -> Wanted:
        """Return the request; UsageError or InputError for words that make none.

        `params` are the values of the verb's click parameters. What the standard says of the class is checked
        unless `check` is off. A data set from stdin ends when `stop` is requested.
        """
        check = bool(params.pop("check", True))
        contexts = params.pop("contexts", ())
        assert isinstance(contexts, Sequence)
        wanted = self.make(_Words(self.service, check, stop), **params)
        if contexts:
            wanted = wanted._replace(contexts=tuple(row.abstract_syntax for row in contexts))
        return wanted

    def makes_new(self, params: Mapping[str, object]) -> bool:
        """Tell whether `params` are those of an N-CREATE with a fresh UID: each further one needs another."""
        words = params.get("words", ())
        assert isinstance(words, Sequence)
        return self.service == "N-CREATE" and _is_new(created_instance(words)[0])

    def roles(self, wanted: Wanted, given: Sequence[Role] = ()) -> tuple[Role, ...]:
        """Return the roles to propose: whoever reports events is the SCP, by default we are the SCU."""
        if self.service != "N-EVENT-REPORT":
            return tuple(given)
        from dimsetools.services.reporting import provider_roles

        return provider_roles(wanted.contexts, given)


class _Words(NamedTuple):
    """How the words of a verb are to be taken."""

    service: str
    check: bool
    stop: Stop | None

    def instance(self, of: NormalizedClass, text: str) -> str:
        """Return the instance that is named, of a class that has the service."""
        found = self.instance_or_none(of, text)
        if found is None:
            raise UsageError(f"an {self.service} is about an instance", hint="write its UID in place of -")
        return found

    def instance_or_none(self, of: NormalizedClass, text: str) -> str | None:
        """Return the same, None where the peer is to name it."""
        from dimsetools.dataset.normalized import instance

        if self.check and self.service not in of.services:
            has = f"it has {', '.join(of.services)}" if of.services else "it is for --context only"
            raise UsageError(f"{of.name} has no {self.service}", hint=f"{has}; --no-check sends it anyway")
        if self.check and _is_new(text) and self.service not in _MAY_BE_NEW:
            raise UsageError(
                f"an {self.service} is about an instance that the peer has already", hint="write its UID"
            )
        return instance(of, text, check=self.check)

    def data_set(
        self, file: str | None, words: Sequence[str], keys: Sequence[str], *, matching: bool = False
    ) -> Attributes | None:
        """Return the data set that is given, None if none is."""
        from dimsetools.options.query import sorted_out

        files, _ = sorted_out(words)
        if files:
            raise UsageError(
                f"{files[0]!r:.80} is no attribute", hint=f"write -f {files[0]} if that is a file"
            )
        return data_set(file, (*words, *keys), check=self.check, matching=matching, stop=self.stop)


def _is_new(text: str) -> bool:
    return text.strip().lower() == NEW


# -- one for each service ---------------------------------------------------------------------------


def _get(how: _Words, sop_class: NormalizedClass, instance: str, attributes: Sequence[str]) -> Wanted:
    from dimsetools.services import requests

    return requests.get(sop_class, how.instance(sop_class, instance), attribute_tags(attributes))


def _set(
    how: _Words,
    sop_class: NormalizedClass,
    instance: str,
    words: Sequence[str],
    keys: Sequence[str],
    file: str | None,
) -> Wanted:
    from dimsetools.services import requests

    uid = how.instance(sop_class, instance)
    found = how.data_set(file, words, keys)
    if how.check and not found:
        raise UsageError("an N-SET sets attributes", hint="write KEY=VALUE, or -f FILE")
    return requests.set_(sop_class, uid, found or {})


def _action(
    how: _Words,
    sop_class: NormalizedClass,
    instance: str,
    action: str,
    words: Sequence[str],
    keys: Sequence[str],
    file: str | None,
) -> Wanted:
    from dimsetools.dataset.normalized import UPS_FILTERED, action_type
    from dimsetools.services import requests

    uid, number = how.instance(sop_class, instance), action_type(sop_class, action)
    data = how.data_set(file, words, keys, matching=uid == UPS_FILTERED)
    return requests.action(sop_class, uid, number, data)


def _create(
    how: _Words,
    sop_class: NormalizedClass,
    words: Sequence[str],
    keys: Sequence[str],
    file: str | None,
) -> Wanted:
    from dimsetools.services import requests

    text, words = created_instance(words)
    uid = how.instance_or_none(sop_class, text)
    return requests.create(sop_class, uid, how.data_set(file, words, keys))


def created_instance(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the instance among the words of an N-CREATE, by default "-", and the keys, which have a `=`."""
    if words and "=" not in words[0] and "@" not in words[0] and not _is_key(words[0]):
        return words[0], words[1:]
    return _PEER_NAMES_IT, words


def _is_key(word: str) -> bool:
    """Tell whether a word names an attribute, which is then sent without a value."""
    from dimsetools.dataset.key_paths import parse_key

    try:
        parse_key(word)
    except UsageError:
        return False
    return True


def _delete(how: _Words, sop_class: NormalizedClass, instance: str) -> Wanted:
    from dimsetools.services import requests

    return requests.delete(sop_class, how.instance(sop_class, instance))


def _event(
    how: _Words,
    sop_class: NormalizedClass,
    instance: str,
    event: str,
    words: Sequence[str],
    keys: Sequence[str],
    file: str | None,
) -> Wanted:
    from dimsetools.dataset.normalized import event_type
    from dimsetools.services import requests

    uid, number = how.instance(sop_class, instance), event_type(sop_class, event)
    return requests.event(sop_class, uid, number, how.data_set(file, words, keys))


_CREATED = click.Argument(
    ["words"],
    metavar="[INSTANCE] [KEY=VALUE...]",
    nargs=-1,
    type=KEYS.type,
    help="A UID for the instance, new for a fresh one, or - (the default) for the peer to name it; and the "
    "attributes of the data set, as PatientName=DOE or Sequence.Attribute=value.",
)
_DATA = (KEY, FROM_FILE, CONTEXT, NO_CHECK)

VERBS = {
    verb.name: verb
    for verb in (
        Verb("nget", "N-GET", (CLASS, INSTANCE, ATTRIBUTES, CONTEXT, NO_CHECK), _get),
        Verb("nset", "N-SET", (CLASS, INSTANCE, KEYS, *_DATA), _set),
        Verb("naction", "N-ACTION", (CLASS, INSTANCE, ACTION, KEYS, *_DATA), _action),
        Verb("ncreate", "N-CREATE", (CLASS, _CREATED, *_DATA), _create),
        Verb("ndelete", "N-DELETE", (CLASS, INSTANCE, CONTEXT, NO_CHECK), _delete),
        Verb("nevent", "N-EVENT-REPORT", (CLASS, INSTANCE, EVENT, KEYS, *_DATA), _event),
    )
}
"""The six by their names."""
