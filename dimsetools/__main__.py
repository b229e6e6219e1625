"""`python -m dimsetools` is `dimse`."""

from __future__ import annotations

from dimsetools.cli import process

if __name__ == "__main__":
    process()
