"""Hands each connection to a receiver of its own: `python -m tests.bench.doorman PORT ARGV...`.

`storescp --inetd` serves the one connection that is its standard input. So the doorman, who accepts the
connections one by one and touches none of their bytes, can tell how long an association lasted from outside:
it prints a JSON line with the seconds from accepting the connection to the end of the receiver, whose own
start is in them.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time


def main() -> None:
    """Listen on the port of the first argument until killed."""
    port, argv = int(sys.argv[1]), sys.argv[2:]
    with socket.create_server(("127.0.0.1", port)) as listener:
        print("{}", flush=True)  # ready
        while True:
            sock, _ = listener.accept()
            began = time.monotonic()
            with sock:
                receiver = subprocess.Popen(argv, stdin=sock.fileno(), stdout=subprocess.DEVNULL)
            receiver.wait()
            print(json.dumps({"seconds": time.monotonic() - began}), flush=True)


if __name__ == "__main__":
    main()
