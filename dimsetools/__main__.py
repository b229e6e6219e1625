"""`python -m dimsetools` is `dimse`."""

from __future__ import annotations

import sys

from dimsetools.cli import main

if __name__ == "__main__":
    sys.exit(main())
