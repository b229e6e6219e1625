"""Matches as files: each a DICOM file of its own, as findscu --extract writes them."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from dimsetools.dataset.encode import encode, with_charset
from dimsetools.dataset.part10 import header
from dimsetools.errors import OutputError, OutputFolderError
from dimsetools.uids import EXPLICIT_LE

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attributes


class Extraction:
    """Writes `rsp0001.dcm` and on into `folder`, which is made if it is not there.

    A match is no object, but PS3.10 wants every file to be one: it gets a UID of its own, and as its class
    the one that it was asked for in. Existing files are replaced, each as a whole. Raises OutputError.
    """

    def __init__(self, folder: str, sop_class: str) -> None:
        self._folder = folder
        self._class = sop_class
        self._count = 0
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
        except OSError as error:
            raise OutputFolderError(f"cannot use the folder {folder}: {error.strerror}") from None

    def write(self, attributes: Attributes) -> str:
        """Write one match; return the path of its file."""
        self._count += 1
        path = os.path.join(self._folder, f"rsp{self._count:04}.dcm")
        part = f"{path}.{os.getpid()}.part"
        uid = f"2.25.{uuid4().int}"
        data = header(self._class, uid, EXPLICIT_LE) + encode(with_charset(attributes), EXPLICIT_LE)
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with open(descriptor, "wb") as file:
                file.write(data)
            os.replace(part, path)
        except OSError as error:
            with suppress(OSError):
                os.unlink(part)
            raise OutputError(f"cannot write {path}: {error.strerror}") from None
        return path
