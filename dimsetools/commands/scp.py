"""`dimse scp`: be a node that keeps what is sent to it, and answers queries and sends objects out of that."""

from __future__ import annotations

import gc

import click

from dimsetools.errors import UsageError
from dimsetools.options import ACCEPTOR, NetworkCommand, Session
from dimsetools.options.node import (
    ADMISSION,
    ANSWERING,
    KEEPING,
    RUNNING,
    WORKING,
    Answering,
    Keeping,
    Working,
)

_GARBAGE = (700, 10, 10)
"""Python's own thresholds, which the program has raised to load fast: a node lives long, and what it has
received may hang in a circle."""


def _scp(session: Session, folder: str) -> int:
    from dimsetools.commands import scp_index, scp_node
    from dimsetools.render import Output

    answering = session.values(Answering)
    _check(answering, session.values(Keeping), session.values(Working))
    printing = session.output.printing()
    printing["format"] = printing["format"] or "table"  # a node's stdout is for people unless told otherwise
    with Output(**printing) as output:
        if answering.reindex:
            return scp_index.rebuild(folder, output, durable=session.values(Keeping).durability != "none")
        if answering.check:
            return scp_index.check(folder, output)
        node = scp_node.Node(session, folder, output)
        gc.set_threshold(*_GARBAGE)
        try:
            return node.serve()
        finally:
            node.close()


def _check(answering: Answering, keeping: Keeping, working: Working) -> None:
    """Refuse what contradicts itself."""
    without = "--no-index" if answering.no_index else "--ignore" if keeping.ignore else ""
    for option, given in (
        ("--dest", answering.dest),
        ("--mpps-notify", working.mpps_notify),
        ("--films", working.films),
        ("--reindex", answering.reindex),
        ("--check", answering.check),
    ):
        if given and without:
            raise UsageError(f"{option} needs an index, and {without} leaves it out", hint="give one of them")
    if answering.reindex and answering.check:
        raise UsageError("--check looks, --reindex repairs", hint="give one of them")


command = NetworkCommand(
    "scp",
    callback=_scp,
    help=(
        "Be a node: answer echoes (C-ECHO), keep the objects that are sent (C-STORE) in DIR, by default the "
        "current folder, answer queries (C-FIND) and send objects out of it (C-GET, C-MOVE). Promise to keep "
        "them (storage commitment), manage procedure steps and workitems, and with --films print.\n\n"
        "Listens on this machine's loopback address only, until --allow or --allow-any says who may call "
        "from elsewhere. Each object is written to a file of its own, checked, synced, named and indexed, so "
        "that whatever was acknowledged is there, whole, and found. SIGTERM ends the node in an orderly way."
    ),
    params=[
        click.Argument(
            ["folder"], metavar="[DIR]", default=".", type=click.Path(), help="Where objects are kept."
        )
    ],
    groups=(ADMISSION, KEEPING, ANSWERING, WORKING, RUNNING, *ACCEPTOR),
    examples=(
        ("dimse scp /srv/dicom --aet ARCHIVE --allow CT1@10.1.0.0/16", "keep what one modality sends"),
        ("dimse scp --port 0 --ready-file port --exit-after 10 --timeout 60", "receive in a CI job"),
        ("dimse scp in --layout '{PatientID}/{StudyInstanceUID}/'", "sort by patient and study"),
        ("dimse scp in --on-study 'python3 route.py {StudyInstanceUID}'", "act on complete studies"),
        ("dimse scp in --dest VIEWER@10.1.0.7:11112 --allow VIEWER", "let a viewer query and retrieve"),
        ("dimse scp in --films films", "be a printer, too, and look at the films"),
        ("dimse scp in --worklist items", "be the worklist of a modality, which reports its steps"),
        ("dimse scp in --no-index", "receive only"),
        ("dimse scp in --check", "list what differs between index and files"),
        ("dimse scp --ignore", "measure a sender"),
    ),
    notes=(
        (
            "An instance that is there already with the same data set is a success and nothing is "
            "written. With other content, --on-duplicate decides: keep the old one (and succeed), "
            "replace it, reject the new one with status 0111H, or keep both, the new one under a name "
            "with ~2 in it."
        ),
        (
            "A full disk is answered with A700H and the node goes on; what was written of the object is "
            "removed. After an I/O error everything is answered with A700H until a restart. A data set "
            "that is not whole is answered with C000H, one with other UIDs than announced with A900H. "
            "Unfinished files are named dimse-*.part and removed when the node starts the next time."
        ),
        (
            "Fields of --layout are keywords of the data set, and CallingAET, CalledAET and "
            "TransferSyntaxUID. A value becomes one component of letters, digits and a few signs; what "
            "had to be altered gets a hash behind a ~."
        ),
        (
            "Commands are split into words as a shell would, and run without one. For --on-object there "
            "are {path}, {folder}, {SOPClassUID}, {SOPInstanceUID}, {StudyInstanceUID}, "
            "{TransferSyntaxUID}, {CallingAET} and {CalledAET}; for --on-study {StudyInstanceUID}, "
            "{count}, {folder}, {CallingAET} and {CalledAET}. Four run at a time, without input and "
            "output; a failure is logged and changes nothing."
        ),
        (
            "Queries and retrieval work in the models patient root, study root and patient/study only; "
            "retrieval in composite instance root, too. Without relational queries, which are granted to "
            "whoever negotiates them, the unique keys of all levels above the one that is asked for have "
            "to be given (else A900H); so are combined date-time and fuzzy matching of names. Keys that "
            "the index does not have are neither matched nor answered, and the status is FF01H then. A key "
            "may have 1000 values, of UIDs any number (else A700H). Text is answered in the character set of "
            "the request where that has the characters, else in UTF-8."
        ),
        (
            "C-GET sends on the same association, in the transfer syntax that an object has; it is converted "
            "where only another was negotiated. C-MOVE sends to nodes of the configuration and of --dest, "
            "called by their AE titles; another destination is refused with A801H, one that cannot be "
            "reached is A702H. What could not be sent is listed in the last response."
        ),
        (
            "With --films the node is a DICOM printer, in grayscale (8 and 12 bits) and colour (PS3.4 annex "
            "H). Each film is written as a PNG, of 8 or 16 bits or RGB, and as a PDF of its true size, under "
            "names of our own, and is on the disk before the print is answered; a full disk is 0213H. Image "
            "Display Formats are STANDARD, ROW and COL, the Requested Resolution ID STANDARD has 150 pixels "
            "an inch and HIGH 300, densities are from 20 to 320. With any Annotation Display Format ID there "
            "are six annotations: left, middle and right above the images, then below. An image that its box "
            "is too small for is made smaller (warning B604H) unless the requestor says otherwise. "
            "Configuration Information and Smoothing Type change nothing. Needs the extra print: pip install "
            "'dimsetools[print]'."
        ),
        (
            "The index is a hidden file of DIR and belongs to one node at a time. One that is lost, damaged "
            "or older than the files is no reason to guess: the node does not start (exit status 40) until "
            "--reindex has made a new one. After a crash, or a while with --no-index, it is brought up to "
            "date at the start. What was added, changed or removed by hand, --check lists (exit status 3 if "
            "there is anything) and --reindex takes over."
        ),
        (
            "Worklist items are files of DICOM (also *.wl of DCMTK) or JSON, read anew when they change. One "
            "that cannot be read is logged once and passed over. A step that a modality performs (MPPS) is "
            "shown as STARTED, one that it has completed leaves the worklist, and one that was discontinued "
            "is there again; the files stay as they are. A step is known by its ID, with the study or the "
            "accession number."
        ),
        (
            "Modality performed procedure steps (MPPS, with Retrieve and Notification) are held against the "
            "table of PS3.4 F.7.2; a step that has ended is changed no more (0110H, Error ID A710H). Whoever "
            "has an association for the Notification class open is told of beginning and end, --mpps-notify "
            "is called for it. What instance availability notifications say is kept for 30 days; the node "
            "sends none."
        ),
        (
            "The ledger, another hidden file of DIR, has what cannot be made anew of the objects: procedure "
            "steps, workitems, commitments under way, reports to deliver. It is synced with each change, "
            "whatever --durability says, and outlives --reindex: back it up. Reports (N-EVENT-REPORT) go out "
            "on an association that the addressee has open, else on a new one to its address; one that "
            "cannot be delivered is tried again for a day, also after a restart."
        ),
        (
            "Unified procedure steps (UPS Push, Pull, Watch, Event and Query) are kept with their claims, "
            "subscriptions and reports, each request under its own SOP class. N-CREATE and N-SET are held "
            "against the table of PS3.4 CC.2.5; an empty Worklist Label becomes the called AE title. "
            "Whoever claims a step locks it by a Transaction UID, which nobody is told; a step that its "
            "performer cancels gets the time, and a reason if it has none. An AE can be subscribed to one "
            "step, to all, or to all that match keys, if its address is known (--dest, configuration) or "
            "it has an association for UPS Event open (else C308H); whoever has subscribed is told of a "
            "restart. A step that has ended goes after --ups-keep, unless there is a deletion lock on it."
        ),
        (
            "SIGTERM: no new associations, idle ones are aborted, objects under way may finish within "
            "--grace, exit status 0. SIGINT does the same and exits with 130. A second signal ends the "
            "grace. --exit-after lets the sender ask for release; with --timeout, missing objects are "
            "exit status 75."
        ),
    ),
)
