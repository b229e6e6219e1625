"""What each exit status means, in the words of the manual pages. Stands once; every command has the same."""

from __future__ import annotations

EXITS: tuple[tuple[str, str, str], ...] = (
    ("0", "All operations succeeded. A warning status is a success, unless --strict is given.", ""),
    ("1", "The peer answered with a failure status, or the error is of no other kind.", "no"),
    ("2", "The command line, the configuration, a key or a query is wrong.", "no"),
    ("3", "Some operations succeeded, some failed.", "those that failed"),
    ("4", "Nothing matched, and --error-on-empty was given.", "no"),
    ("20", "An input file cannot be read.", "no"),
    ("21", "There is no input.", "no"),
    ("22", "An input file is not valid.", "no"),
    ("23", "None of the input files is valid.", "no"),
    ("40", "The output cannot be written.", "no"),
    ("43", "The report cannot be written.", "no"),
    ("45", "The output folder cannot be used.", "no"),
    ("60", "No connection: unknown name, refused, unreachable, or no answer in time.", "yes"),
    ("61", "The peer rejected or aborted the association.", "if transient"),
    ("62", "No answer in time, or the connection was lost, during an operation.", "yes"),
    ("66", "The peer accepted no presentation context that fits.", "no"),
    ("68", "Some operations ended with a warning, and --strict was given.", "those with warnings"),
    ("69", "A retrieval ended with failed sub-operations only.", "those that failed"),
    ("70", "TLS: no hand-shake, or a bad certificate.", "no"),
    ("75", "A limit on time or work was reached, and work is left.", "yes"),
    ("130", "Ended by SIGINT (Ctrl-C).", "yes"),
    ("143", "Ended by SIGTERM.", "yes"),
)
"""Status, meaning, and whether the same command is worth another try."""

BRIEF = (
    "Exit status: 0 success, 1 failure status of the peer, 2 usage, 3 partial, 20-23 input, 40-45 output, "
    "60 no connection, 61 rejected or aborted, 62 no answer or connection lost, 66 no presentation context, "
    "68-69 warnings, 70 TLS, 75 limit reached, 130 and 143 interrupted."
)
