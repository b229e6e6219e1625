"""Metrics in the text format of Prometheus, for the textfile collector."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dimsetools.escape import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Metric(NamedTuple):
    """A gauge with its samples, each the labels and the value."""

    name: str
    help: str
    samples: Iterable[tuple[Mapping[str, str], float]]


def exposition(metrics: Iterable[Metric]) -> str:
    """Return the metrics as text; one without samples is left out."""
    lines = []
    for metric in metrics:
        samples = [f"{metric.name}{_labels(labels)} {value!r}" for labels, value in metric.samples]
        if samples:
            lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} gauge", *samples]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Mapping[str, str]) -> str:
    pairs = [f'{name}="{_escaped(value)}"' for name, value in labels.items()]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _escaped(value: str) -> str:
    return visible(value).replace("\\", "\\\\").replace('"', '\\"')
