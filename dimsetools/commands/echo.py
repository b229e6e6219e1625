"""`dimse echo`: ask nodes whether they answer, once or again and again, for people and for monitors."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NoReturn

import click

from dimsetools.errors import DimseError, ExitCode, UsageError
from dimsetools.options import COUNT, FILE, NetworkCommand, PeerArgument, Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dimsetools.association.trace import Tracer
    from dimsetools.render import Output
    from dimsetools.render.echo import Tally
    from dimsetools.render.nagios import Threshold
    from dimsetools.services.echo import Attempt, Request

_INTERVAL = 1.0
_JOBS = 8


def _echo(
    session: Session,
    peers: tuple[str, ...],
    every: bool,
    jobs: int,
    nagios: bool,
    warning: str | None,
    critical: str | None,
    prom: str | None,
) -> int:
    from dimsetools.render import Output
    from dimsetools.render.echo import Tally, exit_status
    from dimsetools.services.echo import Request, contexts

    limits = _limits(nagios, warning, critical)
    negotiation, operation = session.negotiation, session.operation
    request = Request(
        contexts(negotiation.transfer_syntaxes), negotiation.roles, negotiation.extended, operation.abort
    )
    tallies = [Tally(peer, session.target(peer)) for peer in _peers(session, peers, every)]
    printing = session.output.printing()
    if nagios:
        printing |= {"format": "table", "fields": None, "quiet": True, "color": "never"}
    with Output(**printing) as output:
        run = _Run(session, output, request, tallies, prom=prom, results=not nagios)
        if operation.dry_run:
            return run.rehearse()
        run.ask(jobs)
        if nagios:
            from dimsetools.render.monitoring import plugin

            state, lines = plugin(tallies, *limits)
            for line in lines:
                output.record({}, line)
            return state
        run.totals()
    return session.stop.exit_code if session.stop.requested else exit_status(tallies)


def _limits(
    nagios: bool, warning: str | None, critical: str | None
) -> tuple[Threshold | None, Threshold | None]:
    """Return the ranges of -w and -c."""
    if not nagios and (warning or critical):
        raise UsageError("-w and -c are limits for --nagios", hint="add --nagios")
    if not nagios:
        return None, None
    from dimsetools.render.nagios import threshold

    return threshold(warning) if warning else None, threshold(critical) if critical else None


class _Run:
    """The nodes to ask, and what has been heard from them so far."""

    def __init__(
        self,
        session: Session,
        output: Output,
        request: Request,
        tallies: Sequence[Tally],
        *,
        prom: str | None,
        results: bool,
    ) -> None:
        self._session = session
        self._output = output
        self._request = request
        self._tallies = tallies
        self._prom = prom
        self._results = results
        self._count = session.operation.repeat or 1
        self._width = max((len(tally.node) for tally in tallies), default=0)
        self._tracer: Tracer | None = session.tracer(output.note)
        self._lock = threading.Lock()

    def rehearse(self) -> int:
        """Show what would be put to each node."""
        from dimsetools.render import echo as shown

        for tally in self._tallies:
            self._output.record(
                shown.proposal_record(tally, self._request),
                shown.proposal_line(tally, self._request, self._width),
            )
        return ExitCode.OK

    def ask(self, jobs: int) -> None:
        """Ask all nodes, `jobs` of them at a time."""
        if len(self._tallies) == 1:
            self._series(self._tallies[0])
            return
        from concurrent.futures import ThreadPoolExecutor, as_completed

        with ThreadPoolExecutor(min(jobs, len(self._tallies))) as pool:
            try:
                for done in as_completed([pool.submit(self._series, tally) for tally in self._tallies]):
                    done.result()
            except BaseException:
                self._session.stop.expire()  # nobody reads any more, or nothing can be written
                raise

    def _series(self, tally: Tally) -> None:
        from dimsetools.services.echo import series

        interval = self._session.operation.interval
        attempts = series(
            tally.target,
            self._request,
            stop=self._session.stop,
            count=self._count,
            interval=_INTERVAL if interval is None else interval,
            tracer=self._tracer,
        )
        for attempt in attempts:
            with self._lock:
                self._take(tally, attempt)

    def _take(self, tally: Tally, attempt: Attempt) -> None:
        from dimsetools.render import echo as shown

        news = tally.add(attempt)
        if self._results:
            record = shown.record(tally, attempt)
            line = shown.line(tally, attempt, self._width, numbered=self._count > 1)
            if attempt.error is not None:
                self._output.failure(attempt.error, tally.node, record=record, line=line, explain=news)
            else:
                self._output.record(record, line)
                for remark in shown.remarks(tally, attempt):
                    self._output.warning(remark)
        if self._prom is not None and all(one.last is not None for one in self._tallies):
            from dimsetools.render import atomic
            from dimsetools.render.monitoring import metrics

            atomic.write(self._prom, metrics(self._tallies))

    def totals(self) -> None:
        """Show what the attempts come to; after a single one only programs want to know."""
        from dimsetools.render import echo as shown

        several = len(self._tallies) > 1
        if self._count > 1 or not several:
            for tally in self._tallies:
                line = shown.node_line(tally, self._width) if self._count > 1 else None
                self._output.summary(shown.node_record(tally), line)
        if several:
            self._output.summary(shown.all_record(self._tallies), shown.all_line(self._tallies))


def _peers(session: Session, peers: tuple[str, ...], every: bool) -> list[str]:
    """Return the nodes to ask, each once."""
    if every and peers:
        raise UsageError("--all asks all configured nodes", hint="name peers, or give --all")
    found = session.config.names if every else list(dict.fromkeys(peers))
    if not found:
        if every:
            raise UsageError("no node is configured", hint="define one in dimse.toml or as DIMSE_NODE_NAME")
        raise UsageError("no peer is given", hint="dimse echo PEER..., or --all for all configured nodes")
    return found


class _EchoCommand(NetworkCommand):
    """With --nagios, whatever keeps the check from being made is UNKNOWN, as monitors expect."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words."""
        monitored = "--nagios" in args
        try:
            return super().parse_args(ctx, args)
        except (click.UsageError, DimseError) as error:
            if monitored:
                _unknown(error)
            raise

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except DimseError as error:
            if ctx.params.get("nagios"):
                _unknown(error)
            raise


def _unknown(error: click.ClickException | DimseError) -> NoReturn:
    """Tell a monitor that nothing was checked, and why."""
    from dimsetools.render import Output, nagios

    with Output("table", color="never") as output:
        output.record({}, f"DIMSE UNKNOWN - {error.message}")
    raise click.exceptions.Exit(nagios.State.UNKNOWN)


command = _EchoCommand(
    "echo",
    callback=_echo,
    help=(
        "Test whether nodes answer (C-ECHO), and how long each step takes.\n\n"
        "Prints a line for each answer: node, result, the times in ms for the TCP connection, the TLS "
        "hand-shake, the association and the echo, and the software of the node with its maximum PDU."
    ),
    params=[
        PeerArgument(several=True, required=False),
        click.Option(["--all", "every"], is_flag=True, help="Ask all configured nodes."),
        click.Option(
            ["-j", "--jobs"],
            type=COUNT,
            default=_JOBS,
            metavar="N",
            help=f"Nodes to ask at a time (default {_JOBS}).",
        ),
        click.Option(["--nagios"], is_flag=True, help="Print and exit as a monitoring plugin does (0 to 3)."),
        click.Option(
            ["-w", "--warning"],
            metavar="RANGE",
            help="With --nagios: WARNING if the time in ms is outside of RANGE.",
        ),
        click.Option(
            ["-c", "--critical"],
            metavar="RANGE",
            help="With --nagios: CRITICAL if the time in ms is outside of RANGE.",
        ),
        click.Option(
            ["--prom"], type=FILE, metavar="FILE", help="Write the results as Prometheus metrics to FILE."
        ),
    ],
    without=("priority", "strict", "stats"),
    examples=(
        ("dimse echo PACS@pacs.example:11112", "ask one node"),
        ("dimse echo --all", "ask every node of the configuration, several at a time"),
        ("dimse echo --repeat 10 --interval 0.5 pacs", "ask ten times, and sum up as ping does"),
        ("dimse echo --nagios -w 200 -c 1000 pacs", "be a check of Nagios, Icinga or Zabbix"),
        ("dimse echo --all --prom /var/lib/node_exporter/dimse.prom", "feed Prometheus"),
    ),
    notes=(
        (
            "Each echo has an association of its own, because that is what the next client will go "
            "through. The totals of --repeat, and the limits of --nagios, are about the whole time "
            "from the connection request to the answer; with --nagios and --repeat it is the average. "
            "--interval (default 1 s) is the time from the start of one echo to the start of the "
            "next. Ctrl-C ends the series and prints the totals. --total-timeout limits the whole "
            "series of a node."
        ),
        (
            "RANGE is as in all monitoring plugins: 100 is 0 to 100, 10: is 10 and more, ~:100 is all "
            "up to 100, 10:20 is 10 to 20, and @10:20 alerts inside of it. A node that does not "
            "answer is CRITICAL, one that answered some of several echoes at least WARNING."
        ),
        (
            "The file of --prom is replaced as a whole, once all nodes were asked and after each echo "
            "from then on. Metrics: dimse_echo_success, dimse_echo_exit_code, dimse_echo_seconds, "
            "dimse_echo_phase_seconds, dimse_echo_loss_ratio, dimse_echo_timestamp_seconds; labels: "
            "node, address, phase."
        ),
    ),
)
