"""Data sets and queries that answer out of a list, for the tests of retrieving."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dimsetools.dataset.attributes import Attributes, texts
from dimsetools.dataset.flat import from_flat


def keys(**names: object) -> Attributes:
    return from_flat(names)


class Archive:
    """Answers queries from records with all levels' keys in them; `asked` keeps the queries."""

    def __init__(self, *records: Mapping[str, object]) -> None:
        self._records = [from_flat(record) for record in records]
        self.asked: list[tuple[str, Attributes]] = []

    def __call__(self, level: str, wanted: Attributes) -> Iterator[Attributes]:
        self.asked.append((level, wanted))
        seen = set()
        for record in self._records:
            fits = all(
                not attribute.values or set(texts(record, tag)) & set(attribute.values)
                for tag, attribute in wanted.items()
            )
            answer = {tag: record[tag] for tag in wanted if tag in record}
            if fits and str(answer) not in seen:
                seen.add(str(answer))
                yield answer
