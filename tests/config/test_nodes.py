from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dimsetools.association.values import Identity, Target
from dimsetools.config import Setting, load
from dimsetools.config.words import Value
from dimsetools.errors import ConfigError, UsageError

Write = Callable[[str], None]


def _target(words: Mapping[str, Value], *, allow_cleartext_auth: bool = True) -> Target:
    settings = {word: Setting(value, word) for word, value in words.items()}
    return load().node("host:104", settings).target(allow_cleartext_auth=allow_cleartext_auth)


def _private(path: Path, content: str = "secret\n") -> str:
    path.write_text(content)
    path.chmod(0o600)
    return str(path)


def test_each_identity_type_gets_its_number_and_fields(tmp_path: Path) -> None:
    secret = _private(tmp_path / "secret")
    assert _target({"identity.user": "me"}).identity == Identity(1, b"me")
    words: dict[str, Value] = {"identity.user": "me", "identity.password_file": secret}
    assert _target(words).identity == Identity(2, b"me", b"secret")
    for kind, number in (("kerberos", 3), ("saml", 4), ("jwt", 5)):
        words = {"identity.type": kind, "identity.token_file": secret}
        assert _target(words).identity == Identity(number, b"secret")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            {"identity.type": "jwt", "identity.user": "me"},
            "identity.user does not go with the identity type jwt",
        ),
        ({"identity.type": "user", "identity.password_file": "x"}, "does not go with the identity type user"),
        ({"identity.token_file": "x"}, "what kind of token"),
        ({"identity.type": "userpass", "identity.user": "me"}, "needs a secret"),
        ({"identity.type": "saml"}, "needs a secret"),
        ({"identity.type": "user"}, "no user name"),
        ({"identity.password_env": "X"}, "no user name"),
    ],
)
def test_an_identity_that_does_not_fit_together_is_refused(words: dict[str, Value], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _target(words)


def test_a_secret_does_not_cross_the_network_in_clear_text(tmp_path: Path) -> None:
    words: dict[str, Value] = {"identity.user": "me", "identity.password_file": _private(tmp_path / "p")}
    with pytest.raises(UsageError) as caught:
        _target(words, allow_cleartext_auth=False)
    assert "--allow-cleartext-auth" in caught.value.hint
    assert _target({**words, "tls.enabled": True}, allow_cleartext_auth=False).identity is not None
    assert _target({"identity.user": "me"}, allow_cleartext_auth=False).identity is not None


def test_secrets_come_from_variables_too(local: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    local('[nodes.a]\naddress = "h:1"\ntls = true\nidentity = { user = "me", password_env = "PACS_PASS" }\n')
    monkeypatch.setenv("PACS_PASS", "secret")
    assert load().node("a").target().identity == Identity(2, b"me", b"secret")


def test_an_upper_secret_hides_the_other_kind_below(local: Write, tmp_path: Path) -> None:
    local('[nodes.a]\naddress = "h:1"\ntls = true\nidentity = { user = "me", password_env = "UNSET" }\n')
    typed = {"identity.password_file": Setting(_private(tmp_path / "p", "typed"), "--password-file")}
    assert load().node("a", typed).target().identity == Identity(2, b"me", b"typed")


def test_tls_files_are_looked_at_before_anything_is_opened(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("cert")
    cert = str(tmp_path / "cert.pem")
    with pytest.raises(ConfigError, match=r"tls\.ca: cannot read"):
        _target({"tls.ca": "missing.pem"})
    with pytest.raises(ConfigError, match=r"tls.cert \(holds the key too\).*by others"):
        _target({"tls.cert": cert})
    with pytest.raises(ConfigError, match="a key without a certificate"):
        _target({"tls.key": _private(tmp_path / "key")})
    password = _private(tmp_path / "password", "opensesame")
    words: dict[str, Value] = {
        "tls.cert": cert,
        "tls.key": _private(tmp_path / "key"),
        "tls.key_password_file": password,
    }
    tls = _target(words).tls
    assert tls is not None
    assert (tls.cert_file, tls.key_file, tls.key_password) == (cert, str(tmp_path / "key"), "opensesame")
    assert "opensesame" not in repr(tls)


def test_tls_can_be_switched_off_for_one_call(local: Write) -> None:
    local('[nodes.a]\naddress = "h:1"\ntls = { server_name = "x" }\n')
    assert load().node("a").target().tls is not None
    assert load().node("a", {"tls.enabled": Setting(False, "--no-tls")}).target().tls is None
