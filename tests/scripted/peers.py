"""Scripted peers to start in a test: a server, a client, a port that refuses, a port that never answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from tests.scripted.conversation import LIMIT, Conversation, Step

if TYPE_CHECKING:
    import ssl

HOST = "127.0.0.1"
Script = Sequence[Step]


class ScriptedServer:
    """Plays one script per connection, in order of arrival; the last one again for all further connections.

    `conversations` are the connections so far; `port` is where it listens.
    """

    def __init__(self, scripts: Sequence[Script], tls: ssl.SSLContext | None) -> None:
        self._scripts = scripts
        self._tls = tls
        self._listener = socket.create_server((HOST, 0))
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()
        self._connected = threading.Event()
        self._failures: list[BaseException] = []
        self.port: int = self._listener.getsockname()[1]
        self.conversations: list[Conversation] = []
        self._spawn(self._accept)

    @property
    def address(self) -> str:
        """`AET@host:port`, as `dimse` takes it."""
        return f"ANY-SCP@{HOST}:{self.port}"

    @property
    def first(self) -> Conversation:
        """The first connection."""
        return self.conversations[0]

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:  # the listener was shut down: the test is over
                return
            number = len(self.conversations)
            talk = Conversation(sock, self._over)
            self.conversations.append(talk)
            self._spawn(self._play, talk, self._scripts[min(number, len(self._scripts) - 1)])
            self._connected.set()

    def _play(self, talk: Conversation, script: Script) -> None:
        try:
            if self._tls is not None:
                talk.sock = self._tls.wrap_socket(talk.sock, server_side=True)
            for step in script:
                step(talk)
        except (AssertionError, OSError) as failure:
            # What breaks because the test pulled the plug is no failure of the script.
            if not self._over.is_set():
                self._failures.append(failure)
        finally:
            talk.close()

    def finish(self) -> None:
        """Wait until each script that began has ended by itself, then raise what failed in one."""
        assert self._connected.wait(LIMIT), "nobody has connected"
        for thread in self._threads[1:]:
            thread.join(LIMIT + 2)
            assert not thread.is_alive(), "a script has not come to its end"
        self.check()

    def end(self) -> None:
        """Stop listening, hang up every connection, and wait for the threads."""
        self._over.set()
        for sock in (self._listener, *(talk.sock for talk in self.conversations)):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(LIMIT)
        self._listener.close()

    def check(self) -> None:
        """Raise what failed in a script so far."""
        if self._failures:
            raise self._failures[0]


@contextmanager
def scripted_server(*scripts: Script, tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """A server that plays the scripts; a script that failed fails the test when the block ends."""
    server = ScriptedServer(scripts, tls)
    try:
        yield server
    finally:
        server.end()
    server.check()


@contextmanager
def scripted_client(
    port: int, *, host: str = HOST, tls: ssl.SSLContext | None = None, server_hostname: str = "localhost"
) -> Iterator[Conversation]:
    """A connection to a server under test; hung up with the block."""
    with ExitStack() as stack:
        sock = stack.enter_context(socket.create_connection((host, port), timeout=LIMIT))
        if tls is not None:
            sock = stack.enter_context(tls.wrap_socket(sock, server_hostname=server_hostname))
        talk = Conversation(sock, threading.Event())
        stack.callback(talk.close)
        yield talk


@contextmanager
def refusing_port() -> Iterator[int]:
    """A port that refuses: bound, so nobody else can take it, but not listening."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        yield sock.getsockname()[1]


@contextmanager
def unanswered_port() -> Iterator[int]:
    """A port whose connection requests are dropped: its backlog is full and nobody accepts (Linux)."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((HOST, 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(8):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0.2)
            try:
                filler.connect(address)
            except TimeoutError:
                yield address[1]
                return
        raise AssertionError("the backlog never filled")
