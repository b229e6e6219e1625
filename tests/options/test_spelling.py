from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.errors import UsageError
from dimsetools.options import ACCEPTOR, REQUESTOR, PeerArgument
from dimsetools.options.spelling import PeerWords, respelled
from tests.options.conftest import Run

ECHO = (PeerArgument(several=True),)
SCP = (
    click.Argument(["folder"], required=False),
    click.Option(["--port"], type=int, default=11112),
    click.Option(["--bind"]),
    click.Option(["--any-class"], is_flag=True),
    click.Option(["--max-associations"], type=int),
)


def test_storescus_command_line_works_as_it_is(run: Run) -> None:
    line = "-v -aet ME -aec PACS -ta 5 -td 6 -to 7 -pdu 16384 -xe +sd +r -nh +sp *.dcm host 104 folder"
    seen = run(*line.split())
    target = seen.session.target(seen.params["peer"])
    assert str(target) == "PACS@host:104"
    assert target.calling_aet == "ME"
    assert tuple(target.timeouts)[:3] == (7, 5, 6)
    assert target.max_pdu == 16384
    assert seen.session.negotiation.transfer_syntaxes == ("1.2.840.10008.1.2.1",)
    assert (seen.params["paths"], seen.params["include"]) == (("folder",), ("*.dcm",))
    assert seen.session.output.verbosity == 1


def test_pynetdicoms_command_line_works_as_it_is(run: Run) -> None:
    seen = run(
        *["localhost", "11112", "-aet=ME", "-aec=PACS", "-tn", "9", "-cx", "-xi", "-ll", "debug", "a.dcm"]
    )
    target = seen.session.target(seen.params["peer"])
    assert (str(target), target.calling_aet, target.timeouts.idle) == ("PACS@localhost:11112", "ME", 9)
    assert seen.session.negotiation.transfer_syntaxes == ("1.2.840.10008.1.2",)
    assert seen.session.output.verbosity == 3
    assert seen.params["paths"] == ("a.dcm",)


def test_long_spellings_are_translated_too(run: Run) -> None:
    seen = run("h:1", "--aetitle", "ME", "--call=PACS", "--timeout", "3", "--propose-little")
    target = seen.session.target("h:1")
    assert (target.called_aet, target.calling_aet, target.timeouts.connect) == ("PACS", "ME", 3)


def test_an_options_value_is_never_translated(run: Run) -> None:
    seen = run("h:1", "-k", "-aet", "--key", "+r", "-k-xe", "--aet", "-aec", "--key=-ll", "-vk", "-od")
    assert seen.params["key"] == ("-aet", "+r", "-xe", "-ll", "-od")
    assert seen.session.target("h:1").calling_aet == "-aec"
    assert seen.session.output.verbosity == 1


def test_a_foreign_options_value_is_never_translated(run: Run) -> None:
    assert run("h:1", "-aet", "-aec").session.target("h:1").calling_aet == "-aec"


def test_nothing_is_translated_behind_two_dashes(run: Run) -> None:
    assert run("h:1", "--", "-aet", "+r", "--key").params["paths"] == ("-aet", "+r", "--key")


def test_a_word_with_plus_that_nobody_knows_is_a_file(run: Run) -> None:
    assert run("h:1", "+notes.dcm", "-").params["paths"] == ("+notes.dcm", "-")


def test_tls_words_are_translated(run: Run, bare: Path) -> None:
    for name in ("key.pem", "cert.pem", "ca.pem"):
        (bare / name).write_text("")
        (bare / name).chmod(0o600)
    tls = (
        run(*["+tls", "key.pem", "cert.pem", "+cf", "ca.pem", "-ic", "+pz", "h:1"]).session.target("h:1").tls
    )
    assert tls is not None
    assert (tls.key_file, tls.cert_file, tls.ca_file) == ("key.pem", "cert.pem", "ca.pem")
    assert (tls.verify, tls.profile) == (False, "bcp195-extended")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ("-usr me -pwd secret h:1", "no option -pwd (--password)", "--password-file FILE"),
        ("+II h:1", "no option +II (--invent-instance)", "as they are"),
        ("-r h:1", "no option -r (--no-recurse", "--exclude"),
        ("+pw=x h:1", "no option +pw (--use-passwd)", "--tls-key-password-file"),
        ("-ll loud h:1", "-ll loud: must be one of fatal", ""),
        ("h:1 -aet", "-aet needs 1 value", ""),
        ("h:1 +tls key", "+tls needs 2 values", ""),
        ("h:1 -xe=1", "-xe takes no value", ""),
    ],
)
def test_what_cannot_be_translated_names_the_long_option(
    run: Run, words: str, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        run(*words.split())
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "secret" not in caught.value.message


def test_a_translation_that_a_command_has_no_option_for_says_so(run: Run) -> None:
    with pytest.raises(UsageError, match="-xe means --ts, which dimse echo does not have"):
        run("h:1", "-xe", name="echo", params=ECHO, without=("transfer_syntaxes",))


def test_each_of_several_peers_may_stand_in_two_words(run: Run) -> None:
    seen = run("a", "104", "-v", "B@b:105", "::1", "106", "c", "107", name="echo", params=ECHO)
    assert seen.params["peers"] == ("a:104", "B@b:105", "[::1]:106", "c:107")


def test_a_nodes_name_stays_alone(run: Run, bare: Path) -> None:
    (bare / "dimse.toml").write_text('[nodes.pacs]\naddress = "PACS@h:1"\n')
    seen = run("pacs", "104")
    assert (seen.params["peer"], seen.params["paths"]) == ("pacs", ("104",))


def test_a_profiles_nodes_count_for_two_words(run: Run, bare: Path) -> None:
    (bare / "dimse.toml").write_text('[profiles.test.nodes.pacs]\naddress = "PACS@h:1"\n')
    assert run("pacs", "104").params["peer"] == "pacs:104"
    assert run("--profile", "test", "pacs", "104").params["peer"] == "pacs"
    assert run("pacs", "104", "--profile=test").params["peer"] == "pacs"


def test_only_the_first_two_words_are_the_peer(run: Run) -> None:
    seen = run("h:1", "a", "105")
    assert (seen.params["peer"], seen.params["paths"]) == ("h:1", ("a", "105"))


def test_storescps_command_line_works_as_it_is(run: Run) -> None:
    line = "-aet ANY -od received +B --fork -pm -pdu 131072 +xa 11113"
    params = (*SCP, click.Option(["--aet"]))
    seen = run(*line.split(), name="scp", params=params, groups=ACCEPTOR)
    assert (seen.params["folder"], seen.params["port"], seen.params["aet"]) == ("received", 11113, "ANY")
    assert seen.params["any_class"]
    assert seen.session.serving().max_pdu == 131072


def test_a_folder_named_by_a_number_is_written_with_a_path(run: Run) -> None:
    seen = run("./104", "--port", "1", name="scp", params=SCP, groups=ACCEPTOR)
    assert (seen.params["folder"], seen.params["port"]) == ("./104", 1)


def test_json_takes_fields_only_behind_its_equals_sign(run: Run) -> None:
    seen = run("--json", "h:1", "--json=SOPInstanceUID,_status")
    assert seen.session.output.printing()["format"] == "json"
    assert seen.session.output.fields == ("SOPInstanceUID", "_status")


WORDS = st.sampled_from(
    [
        "-aet",
        "-aet=X",
        "-xe",
        "+r",
        "--",
        "-k",
        "--key",
        "--aet=Y",
        "--json",
        "--json=A",
        "-v",
        "-vk",
        "104",
        "h",
        "h:1",
        "=",
        "",
    ]
)
PARAMS = [option for group in REQUESTOR for option in group.options]
PARAMS.append(click.Option(["-k", "--key"]))


@given(st.lists(WORDS, max_size=8))
def test_what_was_translated_once_stays_as_it_is(words: list[str]) -> None:
    with suppress(UsageError):
        once = respelled(words, "store", PARAMS, PeerWords.ALL)
        assert respelled(once, "store", PARAMS, PeerWords.ALL) == once


@given(st.lists(WORDS, max_size=8))
def test_words_behind_two_dashes_come_through(words: list[str]) -> None:
    line = ["-v", "--", *words]
    assert respelled(line, "store", PARAMS, PeerWords.NONE) == line
