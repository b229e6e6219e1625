"""Side-by-side measurements of `dimse` and its peers: `python -m tests.bench --help`.

How it measures, so that a figure can be doubted:

- Contestants take turns (A B C A B C ...), so that a machine that slows down slows all of them; each
  figure is the median of the runs. The corpus is written, then read once, so that all read from memory.
- Whole process: wall time from spawn to exit, and the peak resident memory that the kernel reports for
  that process, both taken by a small launcher of their own (`launcher`). A peak below the launcher's own
  (about 14 MiB) cannot be told apart from it.
- Data phase: for senders, from the first byte of the first P-DATA-TF to the A-RELEASE-RQ as seen by
  `receiver`, a process that only reads and acknowledges; what a sender does before it connects (loading
  itself, scanning folders) is outside, what it does between objects is inside. For receivers, from the
  first byte to the last response as seen by `sender`, which only reads files and sends them; these two
  against each other are the bare socket loop that shows what the machine can do.
- A real receiver tells no times, so each connection to `storescp` is accepted by a `doorman` who hands it
  over to a `storescp --inetd` and sees how long that lives: the data phase is this time less the median of
  the same with one small object, which is what storescp takes to start and to negotiate.
- For those who query, the data phase is from the C-FIND-RQ to the A-RELEASE-RQ as seen by `responder`, who
  has all answers ready. For those who retrieve it is the whole less the same with one object, just before.
- What receivers kept is emptied and removed only at the end, and their folders lie apart (see `disk`): on
  ext4 one receiver would otherwise pay for the files of another.
- A run that lost objects is named and does not count.

Targets are printed with what was measured; nothing here fails on a missed one.
"""
