"""Conversations with `dimse scp` as a process, and a look at what it has kept."""

from __future__ import annotations

import ssl
from pathlib import Path

import pydicom

from tests.corpus import CT_IMAGE
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import scripted_client

CONTEXTS = (wire.Context(1, wire.VERIFICATION), wire.Context(3, CT_IMAGE, (wire.EXPLICIT_LE,)))


def received(path: Path) -> bytes:
    """The data set of a stored file, found with another reader than ours."""
    meta = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=[], force=False).file_meta
    return path.read_bytes()[144 + int(meta.FileMetaInformationGroupLength) :]


def associate(talk: Conversation, **asked: bytes) -> None:
    talk.send(wire.associate_rq(CONTEXTS, **asked))  # type: ignore[arg-type]
    talk.expect(wire.ASSOCIATE_AC)


def store(talk: Conversation, uid: str, data: bytes, message_id: int = 1) -> int:
    talk.send(wire.message(wire.store_rq(message_id, sop_instance=uid), data, context=3))
    return talk.read_message().number(0x900)


def echoed(port: int, tls: ssl.SSLContext | None = None) -> int:
    with scripted_client(port, tls=tls) as talk:
        associate(talk)
        talk.send(wire.message(wire.echo_rq()))
        status = talk.read_message().number(0x900)
        talk.send(wire.release_rq())
        talk.expect(wire.RELEASE_RP)
        return status
