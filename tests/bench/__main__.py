"""`python -m tests.bench`: run the sections, print tables and targets, write JSON (see the package)."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import tests.bench
from tests.bench.bench import Bench
from tests.bench.figures import verdicts
from tests.bench.sections import SECTIONS

# Build environments set these; they make Python compile every module at every start and write byte by byte.
SLOWING = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
PROGRAMS = (
    "dcmsend", "storescu", "storescp", "echoscu", "findscu", "getscu", "movescu", "dcmqrscp", "Orthanc",
)  # fmt: skip


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        "python -m tests.bench",
        description=tests.bench.__doc__,
        epilog="Files go to a temporary folder; TMPDIR chooses the disk.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the objects, 3 runs instead of 5")
    parser.add_argument("--stock", action="store_true", help="also against storescp without TCP_NODELAY")
    parser.add_argument("--runs", type=int, help="another number of runs")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="this section (repeatable)")
    parser.add_argument("--json", type=Path, help="write all samples to this file")
    return parser.parse_args()


def main() -> int:
    """Run what was asked for; 1 when a peer is missing, otherwise 0, targets reached or not."""
    options = arguments()
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        print(f"not installed: {', '.join(missing)} (apt-get install dcmtk orthanc)", file=sys.stderr)
        return 1
    for name in SLOWING:
        os.environ.pop(name, None)
    chosen = options.only or [name for name in SECTIONS if name != "stock" or options.stock]
    with TemporaryDirectory(prefix="dimse-bench-") as folder:
        bench = Bench(Path(folder), quick=options.quick, runs=options.runs, out=sys.stdout)
        bench.say(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
        for name in chosen:
            SECTIONS[name](bench)
    bench.say(f"\nTargets\n{verdicts(bench.targets)}")
    if options.json:
        document = {
            "quick": options.quick,
            "tables": [table.as_json() for table in bench.tables],
            "targets": [{**target._asdict(), "reached": target.reached} for target in bench.targets],
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
