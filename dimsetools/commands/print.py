"""`dimse print`: print images on films."""

from __future__ import annotations

from contextlib import closing
from time import perf_counter
from typing import TYPE_CHECKING

import click

from dimsetools.errors import InputError, InputMissing, UsageError
from dimsetools.options import DURATION, REQUESTOR, NetworkCommand, PeerArgument, Session
from dimsetools.options.printing import FILMING, ONE_IMAGE, RENDERING, Filming, Rendering

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dimsetools.association.values import Target
    from dimsetools.film.wording import Wording
    from dimsetools.render import Output
    from dimsetools.render.printing import Telling
    from dimsetools.services.print_events import Job, Shot


def _print(session: Session, peer: str, paths: tuple[str, ...], together: bool, wait: float | None) -> int:
    from dimsetools.film.wording import Wording
    from dimsetools.render import Output
    from dimsetools.render.printing import COLUMNS, Telling

    if not paths:
        raise UsageError("nothing to print is named", hint="dimse print PEER FILE...")
    target, printing = session.target(peer), session.output
    filming = session.values(Filming)
    wordings = [Wording(text) for text in filming.annotate]
    with Output(**printing.printing()) as output:
        output.columns(COLUMNS)
        brief = output.format == "table" and not printing.verbosity and printing.fields is None
        telling = Telling(output, brief=brief)
        shots = list(_shots(session, telling, paths, wordings))
        telling.tally.frames = len(shots)
        if session.operation.dry_run:
            return _rehearse(session, output, telling, shots, target)
        job = _job(session, shots, wordings, together=together, wait=wait)
        return _carry_out(session, output, telling, job, shots, target)


def _shots(
    session: Session, telling: Telling, paths: Sequence[str], wordings: Sequence[Wording]
) -> Iterator[Shot]:
    """Return the frames to print, in the order of the paths; tell of files that have none."""
    from dimsetools.film.image_file import look
    from dimsetools.services.examine import Item, Leniency, Remark, examine
    from dimsetools.services.print_events import Shot
    from dimsetools.services.selection import Skipped, select

    rendering = session.values(Rendering)
    tags = frozenset[int]().union(*(wording.tags for wording in wordings))
    # What lies behind a data set is in the way of its sending, not of its printing.
    for result in examine(select(paths), Leniency(trim=True, offered=False), stop=session.stop):
        if isinstance(result, Remark):
            telling.remark(result)
        elif isinstance(result, Item):
            try:
                file = look(result.path, result.meta, tags)
                numbers = rendering.chosen(file.frames)
                if not numbers:
                    raise InputError(f"has none of the frames: it has {file.frames}")
            except InputError as error:
                telling.skipped(Skipped(result.path, error))
                continue
            yield from (Shot(file, number) for number in numbers)
        else:
            telling.skipped(result)


def _job(
    session: Session,
    shots: Sequence[Shot],
    wordings: Sequence[Wording],
    *,
    together: bool,
    wait: float | None,
) -> Job:
    from dimsetools.dataset.normalized import PRINT_COLOR, PRINT_GRAYSCALE
    from dimsetools.services.print_events import Job

    filming, mode = session.values(Filming), session.values(Rendering).mode
    both = (PRINT_COLOR, PRINT_GRAYSCALE)
    if mode != "auto":
        metas: tuple[str, ...] = (PRINT_COLOR if mode == "rgb" else PRINT_GRAYSCALE,)
    else:
        metas = both if any(shot.file.color for shot in shots) else both[::-1]

    def texts(film: int, on_it: Sequence[Shot]) -> list[str]:
        images = [shot.file.attributes for shot in on_it]
        return [wording.of(film, images) for wording in wordings]

    return Job(
        filming.session(),
        filming.film_box(),
        filming.image_box(),
        _boxes(filming),
        metas,
        texts if wordings else None,
        together,
        wait,
    )


def _boxes(filming: Filming) -> int | None:
    return filming.film.boxes if filming.film is not None else 1


def _rehearse(
    session: Session, output: Output, telling: Telling, shots: Sequence[Shot], target: Target
) -> int:
    """Show what would lie where."""
    from dimsetools.render.printing import plan, plan_line, plan_record

    filming = session.values(Filming)
    boxes = _boxes(filming)
    if boxes is None:
        output.warning(f"how many images a film of {filming.film} has is the printer's to say: one is shown")
    step = boxes or 1
    films = [shots[at : at + step] for at in range(0, len(shots), step)]
    for record, line in plan(films):
        output.record(record, line)
    output.summary(
        plan_record(len(films), telling.tally, target),
        plan_line(len(films), filming.copies or 1, telling.tally, target),
    )
    return telling.tally.exit_status(strict=False)


def _carry_out(
    session: Session, output: Output, telling: Telling, job: Job, shots: Sequence[Shot], target: Target
) -> int:
    """Print, and tell how it goes."""
    from dimsetools.film.frames import Reader, need_libraries
    from dimsetools.services.normalized import Manner
    from dimsetools.services.print_events import Placed, Ready
    from dimsetools.services.printing import Printing

    stop, tally = session.stop, telling.tally
    if not shots and not stop.requested and not tally.skipped:
        raise InputMissing("nothing to print was found", hint="check the paths")
    began = perf_counter()
    if shots:
        need_libraries()
        negotiation = session.negotiation
        manner = Manner(
            negotiation.transfer_syntaxes,
            negotiation.roles,
            negotiation.extended,
            abort=session.operation.abort,
        )
        reader = Reader(session.values(Rendering).looks())
        printing = Printing(target, manner, job, reader, stop=stop, tracer=session.tracer(output.note))
        with output.progress(len(shots)) as progress, closing(printing.run(shots)) as events:
            for event in events:
                if isinstance(event, Ready) and event.color and reader.looks.bits > 8:
                    output.warning("the printer prints in colour, which has 8 bits: --mode gray has more")
                outcome = telling.event(event)
                if outcome:
                    progress.finish_object(outcome)
                if isinstance(event, Placed) and event.frame is not None:
                    progress.advance(len(event.frame.pixels))
        tally.end(printing.error)
    code = stop.exit_code if stop.requested else tally.exit_status(strict=session.operation.strict)
    telling.end(target, perf_counter() - began, code)
    return code


command = NetworkCommand(
    "print",
    callback=_print,
    help=(
        "Print images on films.\n\n"
        "Frames of DICOM files are rendered, laid out in the image boxes of as many films as they need, and "
        "printed: film session, films, images and annotations are created, printed and deleted again."
    ),
    params=[
        PeerArgument(),
        click.Argument(
            ["paths"],
            metavar="FILE...",
            nargs=-1,
            type=click.Path(),
            help="Files, and folders that are searched to the bottom; images are printed in this order.",
        ),
        click.Option(
            ["--session", "together"],
            is_flag=True,
            help="Print all films by one action on the film session (collation).",
        ),
        click.Option(
            ["--wait"],
            type=DURATION,
            metavar="SECONDS",
            help="Follow the print jobs until they are done, as long as that.",
        ),
    ],
    groups=(FILMING, RENDERING, *REQUESTOR),
    without=("priority", "repeat", "interval"),
    examples=[
        ("dimse print PRINTER@10.0.0.7:104 ct/", "an image a film, as the printer likes it"),
        (
            "dimse print printer ct/ --film 2x3 --size 14INX17IN --medium 'BLUE FILM'",
            "six images on each film",
        ),
        (
            "dimse print printer us.dcm --frames 1,3-5 --film 2x2 --annotate '{PatientName} {StudyDate}'",
            "some frames, with a text on the film",
        ),
        ("dimse print printer mg.dcm --bits 12 --window 2000,3000 --wait 60", "fine grays, up to the end"),
        ("dimse print printer ct/ --film 3x4 --dry-run", "see which image would lie where"),
    ],
    notes=(
        (
            "Gray is rendered through the modality and VOI transformations of the file: its first VOI LUT, "
            "else its first window, or --window. Without both, 8 bits are printed as they are, of others the "
            "range from the least to the greatest value. Padding becomes black. "
            "The shape of pixels is sent with each image."
        ),
        (
            "With --mode auto the job is in colour if an image has colour and the printer takes it, else in "
            "gray. Rendering needs numpy and Pillow, the extra print; compressed files need the extra codecs."
        ),
        (
            "A film is printed only with all of its images: if the printer does not take one of them, the "
            "film is deleted, and the next one follows. A file that cannot be printed is passed over; the "
            "images behind it move up. If the printer makes another number of image boxes than the format "
            "has, that number counts."
        ),
        (
            "Exit status: 0 if all films were printed (or are in the print queue, without --wait), 3 if some "
            "were, 1 if none was, 22 if a file could not be printed, 62 if the connection was lost or a "
            f"print job did not end in time. Without --film, films have one image ({ONE_IMAGE})."
        ),
        "At a terminal an image is shown only if there is something to say about it; -v shows each.",
    ),
)
