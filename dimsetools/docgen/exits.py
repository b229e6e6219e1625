"""What each exit status means, in full; `dimse --help` has them in brief. Every command has the same."""

from __future__ import annotations

EXITS: tuple[tuple[str, str, str], ...] = (
    ("0", "All operations succeeded. A warning status is a success, unless --strict is given.", ""),
    ("1", "The peer answered with a failure status, or the error is of no other kind.", ""),
    ("2", "The command line, the configuration, a key or a query is wrong.", ""),
    ("3", "Some operations succeeded, some failed.", " for those that failed."),
    ("4", "Nothing matched, and --error-on-empty was given.", ""),
    ("20", "An input file cannot be read.", ""),
    ("21", "There is no input.", ""),
    ("22", "An input file is not valid.", ""),
    ("23", "None of the input files is valid.", ""),
    ("40", "The output cannot be written.", ""),
    ("43", "The report cannot be written.", ""),
    ("45", "The output folder cannot be used.", ""),
    ("60", "No connection: unknown name, refused, unreachable, or no answer in time.", "."),
    ("61", "The peer rejected or aborted the association.", " if the cause is transient."),
    ("62", "No answer in time, or the connection was lost, during an operation.", "."),
    ("66", "The peer accepted no presentation context that fits.", ""),
    ("68", "Some operations ended with a warning, and --strict was given.", " for those with warnings."),
    ("69", "A retrieval ended with failed sub-operations only.", " for those that failed."),
    ("70", "TLS: no hand-shake, or a bad certificate.", ""),
    ("75", "A limit on time or work was reached, and work is left.", "."),
    ("130", "Ended by SIGINT (Ctrl-C).", "."),
    ("143", "Ended by SIGTERM.", "."),
)
"""Status, meaning, and how "Worth another try" goes on where it is; empty where it is not."""
