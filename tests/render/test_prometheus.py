from __future__ import annotations

from dimsetools.render.prometheus import Metric, exposition


def test_metrics_have_help_type_and_escaped_labels() -> None:
    text = exposition(
        [
            Metric("up", "Whether.", [({"node": 'a"b\\c\nd'}, 1.0), ({}, 1795352693.128)]),
            Metric("none", "Nothing.", []),
        ]
    )
    assert text.splitlines() == [
        "# HELP up Whether.",
        "# TYPE up gauge",
        'up{node="a\\"b\\\\c\\\\nd"} 1.0',
        "up 1795352693.128",
    ]
    assert text.endswith("\n")
