"""`python -m dimsetools.docgen [FOLDER]` writes the generated files below FOLDER (default: here)."""

from __future__ import annotations

import os
import sys

from dimsetools.docgen import documents


def write(root: str) -> None:
    """Write all files."""
    for path, text in documents().items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)


if __name__ == "__main__":
    write(sys.argv[1] if len(sys.argv) > 1 else ".")
