"""One node with everything that is known of it, and what to call it with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.config.secret import check_file, check_key_file, read_secret, read_variable
from dimsetools.config.words import IDENTITY_TYPES
from dimsetools.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimsetools.association.values import ClientTls, Identity, Target, Timeouts
    from dimsetools.config.settings import Settings

DEFAULT_LOCAL_AET = "DIMSE"
DEFAULT_AET = "ANY-SCP"
_USES = {
    "user": ("identity.user",),
    "userpass": ("identity.user", "identity.password_file", "identity.password_env"),
    "kerberos": ("identity.token_file", "identity.token_env"),
    "saml": ("identity.token_file", "identity.token_env"),
    "jwt": ("identity.token_file", "identity.token_env"),
}


class Node(NamedTuple):
    """`name` is the configured name, or the peer as it was typed; `settings` holds only what was set."""

    name: str
    host: str
    port: int
    settings: Settings

    @property
    def aet(self) -> str:
        """The title to call."""
        return self.text("aet") or DEFAULT_AET

    @property
    def local_aet(self) -> str:
        """Our title."""
        return self.text("local_aet") or DEFAULT_LOCAL_AET

    @property
    def transcode(self) -> bool:
        """Whether objects may be converted for this node."""
        return self.flag("transcode", default=True)

    @property
    def max_associations(self) -> int | None:
        """The most associations to have with it at a time, None if nothing was said."""
        setting = self.settings.get("max_associations")
        return None if setting is None else int(str(setting.value))

    @property
    def charset(self) -> tuple[str, ...]:
        """The character sets of what we send, and of answers that name none; () if nothing was said."""
        text = self.text("charset")
        return tuple(part.strip() for part in text.split("\\")) if text else ()

    def text(self, word: str) -> str:
        """Return the text that `word` was set to, empty if it was not."""
        setting = self.settings.get(word)
        return "" if setting is None else str(setting.value)

    def flag(self, word: str, *, default: bool) -> bool:
        """Return what `word` was set to."""
        setting = self.settings.get(word)
        return default if setting is None else bool(setting.value)

    def target(
        self,
        *,
        bind: str | None = None,
        total_timeout: float | None = None,
        allow_cleartext_auth: bool = False,
        environ: Mapping[str, str] = os.environ,
    ) -> Target:
        """Return how to call the node; reads its secrets.

        Raises ConfigError for files that are missing or that others can read, UsageError for a passcode
        or token that would go over the network unencrypted.
        """
        from dimsetools.association.values import DEFAULT_MAX_PDU, Target

        tls = _client_tls(self, environ)
        identity = _identity(self, environ)
        secret = identity is not None and identity.kind != IDENTITY_TYPES["user"]
        if secret and tls is None and not allow_cleartext_auth:
            raise UsageError(
                f"{self.name}: the passcode or token would cross the network for all to read",
                hint="add --tls, or --allow-cleartext-auth if you accept that",
            )
        return Target(
            host=self.host,
            port=self.port,
            called_aet=self.aet,
            calling_aet=self.local_aet,
            bind=bind,
            tls=tls,
            identity=identity,
            timeouts=timeouts(self.settings, total_timeout),
            max_pdu=number(self.settings, "max_pdu", DEFAULT_MAX_PDU),
            async_window=number(self.settings, "async_ops", 1),
        )


def number(settings: Settings, word: str, default: int) -> int:
    """Return the whole number that `word` was set to."""
    setting = settings.get(word)
    return default if setting is None else int(str(setting.value))


def timeouts(settings: Settings, total: float | None = None) -> Timeouts:
    """Return the time limits that were set, and the built-in ones for the rest; 0 is no limit."""
    from dimsetools.association.values import Timeouts

    known = {
        field: float(str(settings[word].value)) or None
        for field in ("connect", "acse", "dimse", "idle")
        if (word := f"{field}_timeout") in settings
    }
    return Timeouts(total=total or None)._replace(**known)


def _client_tls(node: Node, environ: Mapping[str, str]) -> ClientTls | None:
    settings = node.settings
    if not node.flag("tls.enabled", default=any(word.startswith("tls.") for word in settings)):
        return None
    from dimsetools.association.values import ClientTls

    for word in ("tls.ca", "tls.cert"):
        if word in settings:
            check_file(node.text(word), settings[word].source)
    if "tls.key" in settings:
        check_key_file(node.text("tls.key"), settings["tls.key"].source)
        if "tls.cert" not in settings:
            raise ConfigError(
                f"{settings['tls.key'].source}: a key without a certificate", hint="add the certificate"
            )
    elif "tls.cert" in settings:
        check_key_file(node.text("tls.cert"), f"{settings['tls.cert'].source} (holds the key too)")
    password = _secret(settings, "tls.key_password", environ)
    return ClientTls(
        ca_file=node.text("tls.ca") or None,
        cert_file=node.text("tls.cert") or None,
        key_file=node.text("tls.key") or None,
        key_password=None if password is None else os.fsdecode(password),
        profile=node.text("tls.profile") or "bcp195",
        server_name=node.text("tls.server_name") or None,
        verify=node.flag("tls.verify", default=True),
    )


def _identity(node: Node, environ: Mapping[str, str]) -> Identity | None:
    settings = node.settings
    given = [word for word in settings if word.startswith("identity.") and word != "identity.response"]
    if not given:
        return None
    from dimsetools.association.values import Identity

    kind = _identity_type(node)
    surplus = [word for word in given if word != "identity.type" and word not in _USES[kind]]
    if surplus:
        told = settings.get("identity.type")
        because = f" ({told.source})" if told else ""
        raise ConfigError(f"{settings[surplus[0]].source} does not go with the identity type {kind}{because}")
    secondary = b""
    if kind in ("user", "userpass"):
        primary = node.text("identity.user").encode()
        if not primary:
            raise ConfigError(
                f"{settings[given[0]].source}: the identity has no user name", hint="add --user NAME"
            )
        if kind == "userpass":
            secondary = _secret(settings, "identity.password", environ) or b""
    else:
        primary = _secret(settings, "identity.token", environ) or b""
    if (kind == "userpass" and not secondary) or not primary:
        wanted = "--password-file" if kind == "userpass" else "--identity-token-file"
        raise ConfigError(f"{node.name}: the identity type {kind} needs a secret", hint=f"add {wanted} FILE")
    response = node.flag("identity.response", default=False)
    return Identity(IDENTITY_TYPES[kind], primary, secondary, response)


def _identity_type(node: Node) -> str:
    """Return the type that was set, or the one that the other words imply."""
    settings = node.settings
    if "identity.type" in settings:
        return node.text("identity.type")
    for word in ("identity.token_file", "identity.token_env"):
        if word in settings:
            raise ConfigError(
                f"{settings[word].source}: what kind of token is it?",
                hint="say --identity-type kerberos, saml or jwt (identity.type in the configuration)",
            )
    secret = "identity.password_file" in settings or "identity.password_env" in settings
    return "userpass" if secret else "user"


def _secret(settings: Settings, word: str, environ: Mapping[str, str]) -> bytes | None:
    """Read what `word`_file or `word`_env points to, None if neither was set."""
    if f"{word}_file" in settings:
        setting = settings[f"{word}_file"]
        return read_secret(str(setting.value), setting.source)
    if f"{word}_env" in settings:
        setting = settings[f"{word}_env"]
        return read_variable(str(setting.value), environ, setting.source)
    return None
