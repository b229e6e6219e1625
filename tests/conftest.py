"""Fixtures that start real peers for the length of one test; see tests/peers for what they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import settings

from tests.peers import dcmjs, dcmtk, dimse, orthanc, printing, pynet
from tests.peers.certificates import Certificates, make_certificates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from ssl import SSLContext

    from pynetdicom.ae import ApplicationEntity
    from pynetdicom.presentation import PresentationContext

    from tests.peers.process import Peer


# The time limit of a test is enough: that of an example passes for no reason of ours on a busy machine.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


class Peers:
    """Starts any number of peers for one test, each in a folder of its own, and ends them after it.

    `tls` is the pair of the server: its TLS is then on and asks for a client certificate of the test CA.
    """

    def __init__(self, stack: ExitStack, folder: Path, certificates: Callable[[], Certificates]) -> None:
        self._stack = stack
        self._folder = folder
        self._certificates = certificates
        self._numbers = count(1)

    def folder(self, name: str) -> Path:
        """A new empty folder."""
        folder = self._folder / f"{name}-{next(self._numbers)}"
        folder.mkdir()
        return folder

    def storescp(self, *options: str, tls: bool = False, nodelay: bool = True) -> Peer:
        """DCMTK storescp; `nodelay=False` as people run it, 40 ms a message slower."""
        extra: tuple[str, ...] = ()
        if tls:
            certificates = self._certificates()
            extra = dcmtk.tls_options(certificates, certificates.server)
        env = None if nodelay else dimse.environment({"TCP_NODELAY": "0"})
        return self._stack.enter_context(
            dcmtk.storescp(self.folder("storescp"), *options, tls=extra, env=env)
        )

    def dcmqrscp(self, *options: str, destinations: Mapping[str, tuple[str, int]] | None = None) -> Peer:
        """DCMTK dcmqrscp with one archive."""
        return self._stack.enter_context(
            dcmtk.dcmqrscp(self.folder("dcmqrscp"), *options, destinations=destinations)
        )

    def wlmscpfs(self, *items: str) -> Peer:
        """DCMTK wlmscpfs with a worklist item for each dump text."""
        return self._stack.enter_context(dcmtk.wlmscpfs(self.folder("wlmscpfs"), *items))

    def dcmprscp(self, *, omit_class: bool = False) -> Peer:
        """DCMTK dcmprscp with one printer."""
        return self._stack.enter_context(printing.dcmprscp(self.folder("dcmprscp"), omit_class=omit_class))

    def dcmjs(self) -> Peer:
        """dcmjs-dimse as an SCP of the N- services."""
        return self._stack.enter_context(dcmjs.scp(self.folder("dcmjs")))

    def orthanc(self, settings: Mapping[str, object] | None = None) -> orthanc.Orthanc:
        """Orthanc, empty."""
        return self._stack.enter_context(orthanc.orthanc(self.folder("orthanc"), settings))

    def pynetdicom(
        self,
        handlers: pynet.Handlers = (),
        *,
        aet: str = "PYNETDICOM",
        contexts: Sequence[PresentationContext] = (),
        ssl_context: SSLContext | None = None,
        configure: Callable[[ApplicationEntity], None] | None = None,
    ) -> pynet.Acceptor:
        """A pynetdicom acceptor in this process."""
        return self._stack.enter_context(
            pynet.acceptor(handlers, aet=aet, contexts=contexts, ssl_context=ssl_context, configure=configure)
        )

    def pynetdicom_app(self, name: Literal["echoscp", "storescp", "qrscp"], *options: str) -> Peer:
        """One of pynetdicom's server apps in a process of its own."""
        return self._stack.enter_context(pynet.app_server(name, self.folder(name), *options))

    def dimse_scp(
        self, *options: object, allow_any: bool = True, env: Mapping[str, str] | None = None
    ) -> Peer:
        """Our own `dimse scp`."""
        return self._stack.enter_context(
            dimse.dimse_scp(self.folder("dimse-scp"), *options, allow_any=allow_any, env=env)
        )


@pytest.fixture
def peers(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Peers]:
    """Starter of real peers."""
    with ExitStack() as stack:
        yield Peers(stack, tmp_path, lambda: request.getfixturevalue("certificates"))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The test authority and its good and bad certificates, as files."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))
