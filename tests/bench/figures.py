"""What a bench yields: samples, tables with ratios, targets; as text and as JSON. Measures nothing."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

MIB = 1 << 20
MB = 1_000_000


class Sample(NamedTuple):
    """One run of one contestant; `missing` counts objects that were not acknowledged or kept."""

    whole: float  # seconds
    peak: int  # bytes; of the server where servers compete
    data: float | None = None  # seconds
    missing: int = 0


class Target(NamedTuple):
    """A figure to reach."""

    text: str
    value: float
    limit: float
    at_least: bool = True
    unit: str = "x"

    @property
    def reached(self) -> bool:
        """Whether the value is on the right side of the limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


class Table:
    """The samples of all contestants over one corpus, compared with a baseline among them."""

    def __init__(self, title: str, objects: int, size: int, baseline: str) -> None:
        self.title = title
        self.objects = objects  # 0 where nothing is transferred
        self.size = size  # bytes of all objects
        self.baseline = baseline
        self.samples: dict[str, list[Sample]] = {}

    def add(self, contestant: str, sample: Sample) -> None:
        """Take one run."""
        self.samples.setdefault(contestant, []).append(sample)

    def sound(self, contestant: str) -> list[Sample]:
        """The runs in which no object was lost; all of them when there is none."""
        samples = self.samples[contestant]
        return [sample for sample in samples if not sample.missing] or samples

    def whole(self, contestant: str) -> float:
        """Median seconds of the whole process."""
        return statistics.median(sample.whole for sample in self.sound(contestant))

    def data(self, contestant: str) -> float | None:
        """Median seconds of the data phase, if it was measured."""
        values = [sample.data for sample in self.sound(contestant) if sample.data is not None]
        return statistics.median(values) if values else None

    def peak(self, contestant: str) -> float:
        """Largest peak memory of the runs in MiB."""
        return max(sample.peak for sample in self.samples[contestant]) / MIB

    def failed(self, contestant: str) -> bool:
        """Whether it lost objects in every run."""
        return all(sample.missing for sample in self.samples[contestant])

    def losses(self, contestant: str) -> str:
        """How often it lost objects, in words; empty when never."""
        samples = self.samples[contestant]
        lost = [sample.missing for sample in samples if sample.missing]
        if not lost:
            return ""
        return f"lost up to {max(lost)} of {max(self.objects, 1)} in {len(lost)} of {len(samples)} runs"

    def speed(self, contestant: str, other: str, *, data: bool = False) -> float:
        """How many times faster than the other; 0 when one of them failed or was not measured."""
        if {contestant, other} - self.samples.keys() or self.failed(contestant) or self.failed(other):
            return 0.0
        if data:
            mine, theirs = self.data(contestant), self.data(other)
            return theirs / mine if mine and theirs else 0.0
        return self.whole(other) / self.whole(contestant)

    def target(self, contestant: str, other: str, limit: float, *, data: bool = False) -> Target:
        """A target of the form: at least so many times as fast as the other."""
        phase = "data phase" if data else "whole process"
        text = f"{self.title}: {phase} of {contestant} >= {limit:g} x {other}"
        return Target(text, self.speed(contestant, other, data=data), limit)

    def rows(self) -> list[list[str]]:
        """Header and one row a contestant."""
        measured = [name for name in self.samples if self.data(name) is not None]
        header = ["", "whole s", "x"]
        header += ["data s", "x"] if measured else []
        header += ["objects/s", "MB/s"] if self.objects else []
        rows = [[*header, "peak MiB", ""]]
        for name in self.samples:
            seconds = self.data(name) or self.whole(name)
            row = [name, f"{self.whole(name):.3f}", f"{self.speed(name, self.baseline):.2f}"]
            if measured:
                data = self.data(name)
                ratio = self.speed(name, self.baseline, data=True)
                row += [f"{data:.3f}", f"{ratio:.2f}"] if data is not None else ["", ""]
            if self.objects:
                row += [f"{self.objects / seconds:.0f}", f"{self.size / seconds / MB:.0f}"]
            rows.append([*row, f"{self.peak(name):.0f}", self.losses(name)])
        return rows

    def as_json(self) -> dict[str, object]:
        """All samples and medians."""
        return {
            "title": self.title,
            "objects": self.objects,
            "bytes": self.size,
            "baseline": self.baseline,
            "contestants": {
                name: {
                    "whole": self.whole(name),
                    "data": self.data(name),
                    "peak_mib": self.peak(name),
                    "runs": [sample._asdict() for sample in samples],
                }
                for name, samples in self.samples.items()
            },
        }


def in_turns(table: Table, contestants: Mapping[str, Callable[[], Sample]], runs: int) -> Table:
    """Let the contestants run one after the other, `runs` times over."""
    for _ in range(runs):
        for name, measure in contestants.items():
            table.add(name, measure())
    return table


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they must be: the first to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def shown(table: Table) -> str:
    """A table under its title."""
    return f"\n{table.title}\n{aligned(table.rows())}"


def verdicts(targets: Sequence[Target]) -> str:
    """One line a target: reached or missed, the value, the words."""
    rows = [["", "measured", "target", ""]]
    for target in targets:
        sign = ">=" if target.at_least else "<="
        rows.append(
            [
                "reached" if target.reached else "MISSED",
                f"{target.value:.2f} {target.unit}",
                f"{sign} {target.limit:g} {target.unit}",
                target.text,
            ]
        )
    texts = [row.pop() for row in rows]
    return "\n".join(
        f"{line}  {text}".rstrip() for line, text in zip(aligned(rows).split("\n"), texts, strict=True)
    )
