from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.config.peers import Address, address, ae_title, joined


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PACS@host:104", Address("PACS", "host", 104)),
        ("host.example.org:11112", Address("", "host.example.org", 11112)),
        ("[::1]:104", Address("", "::1", 104)),
        ("PACS@[fe80::1%eth0]:104", Address("PACS", "fe80::1%eth0", 104)),
        ("MY PACS@10.0.0.1:104", Address("MY PACS", "10.0.0.1", 104)),
        ("A@B@host:1", Address("A@B", "host", 1)),
    ],
)
def test_reads_every_form(text: str, expected: Address) -> None:
    assert address(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("host", "no port"),
        (":104", "no port"),
        ("host:", "the port ''"),
        ("host:dicom", "'dicom'"),
        ("host:0", "1 to 65535"),
        ("host:65536", "1 to 65535"),
        ("::1:104", "brackets"),
        ("[::1:104", "brackets"),
        ("[host]:104", "no host name"),
        ("ho st:104", "no host name"),
        ("@host:104", "AE title that is empty"),
        ("TITLE-OF-17-CHARS@host:104", "17 characters"),
        ("A\\B@host:104", "backslash"),
        ("http://host:104", "AET@host:port"),
        ("host\x1b:104", "no host name"),
        ("host:\uff11\uff10\uff14", "the port"),
    ],
)
def test_says_what_does_not_fit(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        address(text)


@given(st.from_regex(r"[A-Z][A-Z0-9_ ]{0,14}[A-Z]", fullmatch=True), st.integers(1, 65535), st.ip_addresses())
def test_an_address_survives_being_written_and_read(title: str, port: int, host: object) -> None:
    written = Address(title, str(host), port)
    assert address(str(written)) == written


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert 1 <= address(text).port <= 65535


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("host", "104", "host:104"),
        ("::1", "104", "[::1]:104"),
        ("[::1]", "104", "[::1]:104"),
        ("PACS@host", "104", "PACS@host:104"),
        ("host", "104x", None),
        ("host:105", "104", None),
        ("104:104", "104", None),
        ("a/b", "104", None),
    ],
)
def test_two_words_become_one(first: str, second: str, expected: str | None) -> None:
    assert joined(first, second) == expected


def test_spaces_around_a_title_do_not_count() -> None:
    assert ae_title("  PACS ") == "PACS"
