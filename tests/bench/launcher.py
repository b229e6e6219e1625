"""Run one program and report its wall time and peak memory: `python -I -S launcher.py REPORT LIMIT ARGV...`.

A process of its own, with next to nothing imported: the kernel starts a child's peak at that of the
process which spawned it, so the measuring one must be smaller than what it measures. SIGTERM is passed
on; after LIMIT seconds the program is killed. REPORT gets one line: seconds, peak in KiB, exit status.
"""

import os
import signal
import sys
import time


def main() -> None:
    """Spawn, wait, report."""
    report, limit, *argv = sys.argv[1:]
    # Blocked until the child's number is known, so that no signal gets lost in between.
    handled = {signal.SIGTERM, signal.SIGALRM}
    signal.pthread_sigmask(signal.SIG_BLOCK, handled)
    signal.alarm(int(limit))
    began = time.monotonic()
    child = os.posix_spawnp(argv[0], argv, os.environ, setsigmask=())
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, handled)
    _, status, usage = os.wait4(child, 0)
    seconds = time.monotonic() - began
    signal.pthread_sigmask(signal.SIG_BLOCK, handled)
    with open(report, "w", encoding="ascii") as file:
        file.write(f"{seconds} {usage.ru_maxrss} {os.waitstatus_to_exitcode(status)}\n")


main()
