"""The user's own commands, run when an object or a whole study has arrived.

They run beside the associations, a few at a time, and can neither delay nor fail one. A command is an
argument list, never a shell line, and whatever came over the network enters it as a single harmless word.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.archive.layout import safe_name
from dimsetools.errors import UsageError

if TYPE_CHECKING:
    import subprocess

AT_ONCE = 4
"""Commands that run at the same time."""

_PLACEHOLDER = re.compile(r"\{([A-Za-z]+)\}")
_ANY_WORDS = ("folder", "StudyInstanceUID", "CallingAET", "CalledAET")
_OBJECT_WORDS = frozenset({"path", "SOPClassUID", "SOPInstanceUID", "TransferSyntaxUID", *_ANY_WORDS})
_STUDY_WORDS = frozenset({"count", *_ANY_WORDS})

Record = dict[str, object]


class HookCommand(NamedTuple):
    """A command line split into words that may hold placeholders such as `{path}`."""

    words: tuple[str, ...]

    @classmethod
    def for_object(cls, text: str) -> HookCommand:
        """Read the command to run for every object; UsageError if it cannot work."""
        return cls._parse(text, _OBJECT_WORDS)

    @classmethod
    def for_study(cls, text: str) -> HookCommand:
        """Read the command to run for every study; UsageError if it cannot work."""
        return cls._parse(text, _STUDY_WORDS)

    @classmethod
    def _parse(cls, text: str, known: frozenset[str]) -> HookCommand:
        import shlex  # as below: a node without hooks, such as a receiver for one C-MOVE, starts faster
        import shutil

        try:
            words = tuple(shlex.split(text))
        except ValueError as error:
            raise UsageError(f"command {text!r}: {error}") from None
        if not words:
            raise UsageError("the command to run is empty")
        unknown = [name for word in words for name in _PLACEHOLDER.findall(word) if name not in known]
        if unknown:
            choice = ", ".join(f"{{{name}}}" for name in sorted(known))
            raise UsageError(f"command {text!r}: unknown {{{unknown[0]}}}", hint=f"there are {choice}")
        if shutil.which(words[0]) is None:
            raise UsageError(f"command {words[0]!r} is not there or not executable")
        return cls(words)

    def argv(self, values: Mapping[str, str]) -> list[str]:
        """Return the words with `values` filled in; each stays the one word it was."""
        return [_PLACEHOLDER.sub(lambda match: values.get(match.group(1), "_"), word) for word in self.words]


class Hooks:
    """Runs commands for what arrives. `study_timeout`: seconds of quiet after which a study is complete."""

    def __init__(
        self,
        log: Callable[[Record], None],
        *,
        on_object: HookCommand | None = None,
        on_study: HookCommand | None = None,
        study_timeout: float = 30.0,
    ) -> None:
        self._log = log
        self._on_object = on_object
        self._on_study = on_study
        self._queue: SimpleQueue[list[str] | None] = SimpleQueue()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._killed = False
        self._studies = _Studies(study_timeout, self._study_complete)
        self._workers: list[threading.Thread] = []
        if on_object or on_study:
            self._workers = [
                threading.Thread(target=self._work, name=f"hook-{number}", daemon=True)
                for number in range(AT_ONCE)
            ]
            for worker in self._workers:
                worker.start()

    @property
    def reads(self) -> dict[str, int]:
        """The elements whose values are wanted of each object: keyword -> tag."""
        return {"StudyInstanceUID": 0x0020000D} if self._workers else {}

    def stored(self, path: str, values: Mapping[str, str]) -> None:
        """Tell that an object has been stored at the absolute `path`. Never blocks."""
        if not self._workers:
            return
        safe = {name: safe_name(name, text) for name, text in values.items()}
        safe["path"] = path
        safe["folder"] = os.path.dirname(path)
        if self._on_object is not None:
            self._queue.put(self._on_object.argv(safe))
        if self._on_study is not None:
            self._studies.touch(safe)

    def close(self, wait: float) -> None:
        """Run what is due, waiting studies included, for `wait` seconds; then end what still runs."""
        deadline = monotonic() + wait
        self._studies.close()
        for _ in self._workers:
            self._queue.put(None)
        for worker in self._workers:
            worker.join(max(deadline - monotonic(), 0.0))
        with self._lock:
            self._killed = True
            for process in self._running:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)  # a session of its own: its children go too
        for worker in self._workers:
            worker.join()

    def _study_complete(self, values: Mapping[str, str]) -> None:
        if self._on_study is not None:
            self._queue.put(self._on_study.argv(values))

    def _work(self) -> None:
        while (argv := self._queue.get()) is not None:
            self._run(argv)

    def _run(self, argv: list[str]) -> None:
        import subprocess

        with self._lock:
            if self._killed:
                self._failed(argv, "not run: the node is shutting down")
                return
            try:
                process = subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                self._failed(argv, str(error))
                return
            self._running.add(process)
        status = process.wait()
        with self._lock:
            self._running.discard(process)
        if status:
            self._failed(argv, f"exit {status}" if status > 0 else f"ended by signal {-status}")

    def _failed(self, argv: list[str], why: str) -> None:
        self._log({"_event": "hook-failed", "_command": argv[0], "_reason": why})


class _Studies:
    """Studies on their way: each is complete once it has been quiet for `timeout` seconds."""

    def __init__(self, timeout: float, complete: Callable[[Mapping[str, str]], None]) -> None:
        self._timeout = timeout
        self._complete = complete
        self._changed = threading.Condition()
        # By study, the one that has been quiet longest first: a touched study moves to the end.
        self._waiting: dict[str, tuple[float, int, dict[str, str]]] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def touch(self, values: dict[str, str]) -> None:
        """Note one more object of a study."""
        study = values.get("StudyInstanceUID", "")
        with self._changed:
            _, number, _ = self._waiting.pop(study, (0.0, 0, values))
            self._waiting[study] = (monotonic() + self._timeout, number + 1, values)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="studies", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Count every waiting study as complete."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        with self._changed:
            while self._waiting or not self._closed:
                if not self._waiting:
                    self._changed.wait()
                    continue
                study, (due, number, values) = next(iter(self._waiting.items()))
                left = due - monotonic()
                if left > 0 and not self._closed:
                    self._changed.wait(left)
                    continue
                del self._waiting[study]
                self._complete({**values, "count": str(number)})
