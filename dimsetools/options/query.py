"""What is asked for, by whatever command asks: keys and query files, the level, the information model.

Declares the options, and turns their values into data sets of keys. Which keys a request may have is for
the room `dataset` to say.
"""

from __future__ import annotations

import io
import os
import re
import select
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import click

from dimsetools.errors import UsageError
from dimsetools.options.group import Group
from dimsetools.options.types import FILE, Named

if TYPE_CHECKING:
    from datetime import date

    from _typeshed import WriteableBuffer

    from dimsetools.association.stop import Stop
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.dataset.models import Model
    from dimsetools.services.extended import Abilities

_STDIN = "-"
_TIMEZONE = 0x00080201
_FILE_NAMES = re.compile(r"[^=]*\.(?:dcm|dicom|dump|json|jsonl|ndjson|txt|wl|xml)", re.IGNORECASE)
_ONE_TAG = re.compile(r"[0-9A-Fa-f]{4},[0-9A-Fa-f]{4}")
_ROOTS = {"patient_root": "patient", "study_root": "study", "patient_study": "patient-study"}
_FLAGS = {**_ROOTS, "worklist": "worklist"}


class Asked(NamedTuple):
    """Keys with their level ("" in a model without levels), which is (0008,0052) among them, too."""

    level: str
    attributes: Attributes


@dataclass(frozen=True)
class Query:
    """`model` and `level` are names as they were checked; the flags of models count as `-M`."""

    keys: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    level: str | None = None
    model_name: str | None = None
    patient_root: bool = False
    study_root: bool = False
    patient_study: bool = False
    worklist: bool = False
    check: bool = True
    assume_charset: tuple[str, ...] = ()
    relational: bool = False
    fuzzy: bool = False
    datetime: bool = False
    timezone: bool = False

    @cached_property
    def model(self) -> Model:
        """The information model; UsageError if two are named."""
        from dimsetools.dataset.models import MODELS, model

        named = {name for flag, name in _FLAGS.items() if getattr(self, flag)}
        if self.model_name is not None:
            named.add(model(self.model_name).name)
        if len(named) > 1:
            raise UsageError(f"a query has one information model, not {' and '.join(sorted(named))}")
        return MODELS[named.pop()] if named else model("study")

    @property
    def abilities(self) -> Abilities:
        """What to ask for by extended negotiation."""
        from dimsetools.services.extended import Abilities

        return Abilities(
            relational=self.relational, datetime=self.datetime, fuzzy=self.fuzzy, timezone=self.timezone
        )

    def asked(
        self,
        words: Sequence[str],
        *,
        more: Sequence[str] = (),
        stop: Stop | None = None,
        today: date | None = None,
    ) -> Sequence[Asked] | Iterator[Asked]:
        """Return the queries: those of the files with the keys laid over them, or one of the keys alone.

        `words` are the positional ones, keys and files; `more` are further return keys. All are read before
        this returns, as a sequence; but what comes from stdin is taken line by line, by an iterator which
        ends when `stop` is requested. UsageError and InputError say what is wrong.
        """
        from dimsetools.dataset.keys import keyed

        files, keys = sorted_out(words)
        files = list(dict.fromkeys((*files, *self.files)))
        keys += self.keys
        returns = [name for text in self.returns for name in attribute_names(text)] + list(more)
        alone = keyed(keys, returns=returns, today=today)
        if not files:
            return (self._leveled(alone),)
        from dimsetools.dataset.dates import present

        now = present(today)
        found = (
            self._leveled(keyed(keys, returns=returns, base=base, today=now))
            for base in _from_files(files, now, stop)
        )
        return found if _STDIN in files else tuple(found)

    def _leveled(self, attributes: Attributes) -> Asked:
        from dimsetools.dataset.attributes import Attribute, sorted_attributes
        from dimsetools.dataset.models import LEVEL, level_of_keys, named_level

        if self.timezone and _TIMEZONE not in attributes:
            from time import localtime, strftime

            attributes = attributes | {_TIMEZONE: Attribute("SH", (strftime("%z", localtime()),))}
        model = self.model
        level = level_of_keys(attributes, model) if self.level is None else named_level(self.level)
        if level:
            attributes = attributes | {LEVEL: Attribute("CS", (level,))}
        return Asked(level, sorted_attributes(attributes))

    def complete(self, asked: Asked, *, bare: bool = False) -> Attributes:
        """Return the keys of a C-FIND: with return keys where none are named, and checked if that is wanted.

        Where some are named, or with `bare` none are wanted, the unique key of the level is still added:
        without it no match can be retrieved.
        """
        from dimsetools.dataset.attributes import Attribute, sorted_attributes
        from dimsetools.dataset.dictionary import vr_of
        from dimsetools.dataset.models import check_find, unique_key, with_defaults

        model, level, attributes = self.model, asked.level, asked.attributes
        if not bare and not self.returns and not _names_returns(attributes):
            attributes = with_defaults(model, level, attributes)
        elif level:
            key = unique_key(level)
            attributes = sorted_attributes({key: Attribute(vr_of(key))} | attributes)
        if self.check:
            check_find(model, level, attributes, relational=self.relational)
        return attributes


def _names_returns(attributes: Attributes) -> bool:
    """Tell whether any attribute, also within items, is asked for without a value."""
    return any(
        any(map(_names_returns, values)) if values and vr == "SQ" else values in ((), ("",))
        for vr, values in attributes.values()
    )


def attribute_names(text: str) -> Iterator[str]:
    """Return the names of one word, which are separated by commas; a comma within a tag separates nothing."""
    names = text.split(",") if not text.startswith("(") and "(" not in text else [text]
    while names:
        name = names.pop(0)
        if names and _ONE_TAG.fullmatch(f"{name},{names[0]}"):
            name = f"{name},{names.pop(0)}"
        yield name.strip()


# -- files ------------------------------------------------------------------------------------------


def sorted_out(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return which positional words are files and which are keys; what can be both is a key."""
    files: list[str] = []
    keys: list[str] = []
    for word in words:
        (files if _is_file(word) else keys).append(word)
    return files, keys


def _is_file(word: str) -> bool:
    from dimsetools.dataset.key_paths import parse_key

    if word == _STDIN or word.startswith(("./", "../", "/", "~/")):
        return True
    try:
        parse_key(word)
    except UsageError:
        return os.path.exists(word) or _FILE_NAMES.fullmatch(word) is not None
    return False


def _from_files(names: Iterable[str], today: date, stop: Stop | None) -> Iterator[Attributes]:
    from dimsetools.dataset.files import file_queries, stream_queries

    for name in names:
        if name == _STDIN:
            yield from stream_queries(io.BufferedReader(Stdin(stop)), "stdin", today=today)
        else:
            yield from file_queries(name, today=today)


class Stdin(io.RawIOBase):
    """Standard input, at its end when the end is requested."""

    def __init__(self, stop: Stop | None) -> None:
        self._descriptor = sys.stdin.fileno()
        self._stop = stop

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what there is, at the latest until the end is requested."""
        if self._stop is not None:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLIN)
            poll.register(self._stop, select.POLLIN)
            poll.poll()
            if self._stop.requested:
                return 0
        view = memoryview(buffer)
        data = os.read(self._descriptor, len(view))
        view[: len(data)] = data
        return len(data)


# -- options ----------------------------------------------------------------------------------------


def _level(text: str) -> str:
    from dimsetools.dataset.levels import named_level

    try:
        return named_level(text)
    except UsageError as error:
        raise ValueError(f"is no level ({error.hint})") from None


def _levels() -> tuple[str, ...]:
    from dimsetools.dataset.levels import LEVELS

    return tuple(level.lower() for level in LEVELS)


def _model(text: str) -> str:
    from dimsetools.dataset.models import model

    try:
        return model(text).name
    except UsageError as error:
        raise ValueError(f"is no information model ({error.hint})") from None


def _models() -> tuple[str, ...]:
    from dimsetools.dataset.models import MODELS

    return tuple(MODELS)


def charsets(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[str, ...]:
    """Return the Specific Character Sets of an option; click's BadParameter for one that is unknown."""
    from dimsetools.dataset.charset import is_known

    if value is None:
        return ()
    found = tuple(part.strip() for part in value.split("\\"))
    unknown = [name for name in found if name and not is_known(name)]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is no Specific Character Set; write ISO_IR 100, ISO_IR 192")
    return found


def _flag(name: str, text: str, field: str | None = None) -> click.Option:
    return click.Option([name, *([field] if field else [])], is_flag=True, help=text)


WORDS = click.Argument(
    ["words"],
    metavar="KEY|FILE...",
    nargs=-1,
    type=Named("key", str, fill="key"),
    help="A key to match, as PatientName='DOE*' or StudyDate=-7d, or without a value to be returned; or a "
    "file of queries: DICOM, DICOM JSON, JSON by keywords (one query a line), dump lines or XML; - is stdin.",
)
"""The positional words of a command that queries, for `Query.asked`."""

QUERY = Group(
    "Query",
    Query,
    (
        click.Option(
            ["-k", "--key", "keys"],
            multiple=True,
            metavar="KEY",
            type=Named("key", str, fill="key"),
            help="A key, as among the arguments; it counts more than that of a file. Repeatable.",
        ),
        click.Option(
            ["-r", "--return", "returns"],
            multiple=True,
            metavar="ATTRIBUTE,...",
            type=Named("key", str, fill="attribute"),
            help="Attributes to be returned, in place of the usual ones of the level. Repeatable.",
        ),
        click.Option(
            ["-f", "--file", "files"],
            type=FILE,
            multiple=True,
            metavar="FILE",
            help="A file of queries; - is stdin. Repeatable.",
        ),
        click.Option(
            ["-L", "--level"],
            type=Named("level", _level, choices=_levels),
            metavar="LEVEL",
            help="patient, study, series, image or frame (default by the keys, else study; patient with -P).",
        ),
        click.Option(
            ["-M", "--model", "model_name"],
            type=Named("model", _model, choices=_models),
            metavar="MODEL",
            help="Information model: study (the default), patient, patient-study, worklist, ups-pull, ...",
        ),
        _flag("-P", "Patient root: the same as -M patient.", "patient_root"),
        _flag("-S", "Study root: the same as -M study.", "study_root"),
        _flag("-O", "Patient/study only: the same as -M patient-study.", "patient_study"),
        _flag("-W", "Modality worklist: the same as -M worklist.", "worklist"),
        click.Option(
            ["--no-check", "check"],
            flag_value=False,
            default=True,
            help="Send the query as it is, whatever the standard says of it.",
        ),
        click.Option(
            ["--assume-charset"],
            metavar="NAME",
            callback=charsets,
            help="Specific Character Set of answers that name none, as ISO_IR 100.",
        ),
        _flag("--relational", "Ask for relational queries: keys of any level, no unique keys above."),
        _flag("--fuzzy", "Ask for semantic matching of person names."),
        _flag("--datetime", "Ask for date and time ranges to be matched as one."),
        _flag("--timezone", "Ask for times to be adjusted to our time zone."),
    ),
)
