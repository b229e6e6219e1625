"""Orthanc, configured by a JSON file and driven over its REST interface (which also drives its own SCUs)."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.peers.process import LOOPBACK, Peer, free_port, listening, required, server

AET = "ORTHANC"


class Orthanc(NamedTuple):
    """A running Orthanc: its DICOM side as `peer`, its REST side through `get`, `post` and `put`."""

    peer: Peer
    http_port: int

    @property
    def address(self) -> str:
        """`AET@host:port`, as `dimse` takes it."""
        return self.peer.address

    def _request(self, method: str, path: str, body: bytes | None) -> bytes:
        url = f"http://{LOOPBACK}:{self.http_port}{path}"
        request = urllib.request.Request(url, data=body, method=method)
        with urllib.request.urlopen(request, timeout=20) as response:
            answer: bytes = response.read()
            return answer

    def get(self, path: str) -> Any:
        """GET a JSON resource."""
        return json.loads(self._request("GET", path, None))

    def file(self, path: str) -> bytes:
        """GET a resource as bytes, such as `/instances/ID/file`."""
        return self._request("GET", path, None)

    def post(self, path: str, body: object) -> Any:
        """POST a JSON value (or bytes as they are) and return the JSON answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return json.loads(self._request("POST", path, data))

    def put(self, path: str, body: object) -> None:
        """PUT a JSON value."""
        self._request("PUT", path, json.dumps(body).encode())

    def knows(self, name: str, aet: str, port: int, **more: object) -> None:
        """Register a DICOM node under `name` for Orthanc's own SCUs."""
        self.put(f"/modalities/{name}", {"AET": aet, "Host": LOOPBACK, "Port": port, **more})

    def upload(self, path: Path) -> str:
        """Put a file into Orthanc over HTTP; its Orthanc identifier."""
        answer = self.post("/instances", path.read_bytes())
        return str(answer["ID"])

    def echo(self, name: str) -> bool:
        """Let Orthanc send a C-ECHO to a registered node; whether it was satisfied."""
        try:
            self.post(f"/modalities/{name}/echo", {"Timeout": 10})
        except urllib.error.HTTPError as error:
            error.close()
            return False
        return True

    def store(self, name: str, *identifiers: str) -> dict[str, Any]:
        """Let Orthanc C-STORE resources to a registered node; its report."""
        report: dict[str, Any] = self.post(
            f"/modalities/{name}/store", {"Resources": list(identifiers), "Synchronous": True}
        )
        return report

    def query(self, name: str, level: str, keys: Mapping[str, str]) -> str:
        """Let Orthanc C-FIND at a registered node; the query's identifier."""
        asked = {"Level": level, "Query": dict(keys)}
        return str(self.post(f"/modalities/{name}/query", asked)["ID"])

    def answers(self, query: str) -> list[dict[str, str]]:
        """The matches of a query by keyword."""
        found: list[dict[str, str]] = self.get(f"/queries/{query}/answers?expand&simplify")
        return found

    def retrieve(self, query: str, aet: str) -> None:
        """Let Orthanc C-MOVE all matches of a query to a title, and wait for it."""
        self.post(f"/queries/{query}/retrieve", {"TargetAet": aet, "Synchronous": True})

    def instances(self) -> dict[str, str]:
        """SOP Instance UID -> Orthanc identifier of all it holds."""
        held = self.get("/instances?expand")
        return {entry["MainDicomTags"]["SOPInstanceUID"]: entry["ID"] for entry in held}


@contextmanager
def orthanc(folder: Path, settings: Mapping[str, object] | None = None) -> Iterator[Orthanc]:
    """An empty Orthanc in `folder` that answers everybody; `settings` go over the defaults here."""
    program = required("Orthanc")
    storage = folder / "orthanc"
    storage.mkdir(parents=True, exist_ok=True)
    ports: list[int] = []

    def command(port: int) -> list[str]:
        ports[:] = [free_port()]
        config = {
            "Name": AET,
            "DicomAet": AET,
            "DicomPort": port,
            "HttpPort": ports[0],
            "StorageDirectory": str(storage),
            "IndexDirectory": str(storage),
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "Plugins": [],
            "DicomAlwaysAllowEcho": True,
            "DicomAlwaysAllowStore": True,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True,
            "UnknownSopClassAccepted": True,
            "SynchronousCMove": True,
            "DicomScuTimeout": 10,
            "StableAge": 1,
            **(settings or {}),
        }
        file = folder / "orthanc.json"
        file.write_text(json.dumps(config))
        return [program, str(file)]

    with server(
        command,
        aet=AET,
        folder=storage,
        log=folder / "orthanc.log",
        stop_signal=signal.SIGKILL,  # it takes 3 s to go otherwise, and nothing here is kept
        ready=lambda port: listening(port) and listening(ports[0]),
    ) as peer:
        yield Orthanc(peer, ports[0])
