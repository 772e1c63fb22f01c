"""Clients against faulty simulators, for as long as wanted, with every event accounted for.

    python -m tests.soak --minutes 60 --seed 1

A few lanes run side by side; each runs one epoch after another: a simulator with faults from the seed, a
client that lives through them, and at the end the comparison of what was sent on each connection with what
observers got. Nothing may come twice or in another order, everything that arrived whole must be delivered or
counted as dropped, and every loss must lie inside a gap that was told. The exit status is 1 when anything was
wrong; the line that says so holds the name of the epoch, which ``--epoch`` runs alone.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from reactivex import abc

from rxpolygon.errors import AuthenticationError, ConnectFailedError, EvictedError
from rxpolygon.events import Event
from rxpolygon.live import LiveStreams
from rxpolygon.simulator import Simulator
from rxpolygon.status import Closed, Connecting, State, Status
from tests.certificates import write_certificate
from tests.soak_clients import make_client, start, subscribe
from tests.soak_ledger import Got, Outcome, compare, got
from tests.soak_plan import Plan, Watched, make_plan

__all__ = ["Figures", "Soak", "main"]

_OPEN_MARKET: Final = 1_762_444_820_000  # 2025-11-06 11:00:20 in New York, a Thursday
_LONGEST_SILENCE: Final = 40.0  # seconds without an event; an unanswered login alone takes ten
_LOOK: Final = 0.05
_LANES: Final = 4


class Figures:
    """What all lanes have seen. Under its own lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self.violations: list[str] = []

    def add(self, outcome: Outcome, faults: dict[str, int], name: str) -> None:
        """The outcome of an epoch."""
        with self._lock:
            self._counts["epochs"] += 1
            for figure in ("connections", "sent", "delivered", "lost", "gaps", "dropped", "malformed"):
                self._counts[figure] += getattr(outcome, figure)
            self._faults.update(faults)
            self.violations += [f"{name}: {violation}" for violation in outcome.violations]

    def __getitem__(self, name: str) -> int:
        return self._counts[name]

    @property
    def faults(self) -> dict[str, int]:
        """How often each kind of fault happened."""
        with self._lock:
            return dict(self._faults)

    def __str__(self) -> str:
        counts, faults = self._counts, sum(self.faults.values())
        return (
            f"{counts['epochs']} epochs, {counts['connections']} connections, {faults} faults, "
            f"{counts['sent']} events sent, {counts['delivered']} delivered, {counts['lost']} lost, "
            f"{counts['gaps']} gaps, {counts['dropped']} frames dropped, {counts['malformed']} malformed, "
            f"{len(self.violations)} violations"
        )


class Epoch:
    """One simulator and one client, from start to comparison.

    Args:
        plan: What happens.
        transport: The client's.
        certificate: Of the simulator, with its key; None for plain sockets.
        is_stopped: Whether to come to an early end.
    """

    def __init__(
        self,
        plan: Plan,
        transport: str,
        certificate: tuple[Path, Path] | None,
        is_stopped: Callable[[], bool],
    ) -> None:
        self._plan = plan
        self._is_stopped = is_stopped
        self._chance = random.Random(plan.seed + 1)
        self._log: list[Got | Status] = []  # dispatch thread, until the client is closed
        self._naps = 0
        self._visitors = 0
        self._delivered = 0
        self._errors: set[str] = set()
        self.simulator = Simulator(
            venue=plan.venue,
            # Alpaca would refuse a client whose dead connection it still holds for alive.
            second_connection="allow" if plan.venue == "alpaca" else None,
            seed=plan.seed,
            tls=certificate,
            faults=plan.faults,
            start=_OPEN_MARKET,
            speed="max" if plan.is_flood else 1.0,
            rate=None if plan.is_flood else 12.0,
            login_timeout=1.0,
            keep_sent=True,
        )
        self._client_options: dict[str, Any] = {
            "transport": transport,
            "ca_certs": str(certificate[0]) if certificate else None,
        }

    def run(self) -> Outcome:
        """Live through it."""
        with self.simulator:
            client = make_client(self._plan, self.simulator, self._client_options)
            passing = self._observe(client)
            start(client)
            problem = self._live(client, passing)
            client.close_stream(20)
        outcome = compare(self._plan, self._log, self.simulator.sent_frames)
        outcome.malformed = client.stats.malformed
        self._check_end(client, outcome)
        if problem:
            outcome.violations.append(problem)
        return outcome

    def write_log(self, path: Path) -> None:
        """Write what observers were given and told, a line each, to look for the reason of a violation."""
        path.write_text("\n".join(map(repr, (self._plan, *self._log))))

    def _observe(self, client: LiveStreams) -> list[Callable[[], abc.DisposableBase]]:
        """Observe what is watched all the time; functions that observe what passes."""
        client.status.subscribe(self._log.append)
        if self._plan.looks_at_all:
            client.events.subscribe(on_error=lambda error: None)
        passing = []
        for watched in self._plan.watched:
            subscribe(client, watched.method, watched.symbols).subscribe(
                self._taker(watched), self._note_error
            )
            if watched.passing:
                passing.append(self._passer(client, watched))
        return passing

    def _taker(self, watched: Watched) -> Callable[[Event], None]:
        def take(event: Event) -> None:
            self._log.append(got(self._plan, watched, event))
            self._delivered += 1
            self._nap()

        return take

    def _nap(self) -> None:
        if self._plan.naps and self._delivered % 500 == 200 and (not self._plan.is_flood or not self._naps):
            self._naps += 1
            time.sleep(self._plan.naps)

    def _passer(self, client: LiveStreams, watched: Watched) -> Callable[[], abc.DisposableBase]:
        def observe() -> abc.DisposableBase:
            self._visitors += 1
            visitor = self._visitors

            def take(event: Event) -> None:
                self._log.append(got(self._plan, watched, event, visitor))

            observable = subscribe(client, watched.method, [watched.passing])
            return observable.subscribe(take, self._note_error)

        return observe

    def _note_error(self, error: Exception) -> None:
        self._errors.add(type(error).__name__)

    def _live(self, client: LiveStreams, passing: list[Callable[[], abc.DisposableBase]]) -> str:
        """Come and go as a passing observer until the epoch is over; what was wrong, if anything."""
        end = time.monotonic() + self._plan.seconds
        present: list[abc.DisposableBase] = []
        seen, seen_at = 0, time.monotonic()
        while time.monotonic() < end and client.is_streaming and not self._is_stopped():
            time.sleep(_LOOK)
            if self._delivered != seen:
                seen, seen_at = self._delivered, time.monotonic()
            if time.monotonic() - seen_at > _LONGEST_SILENCE:
                return f"no event for {_LONGEST_SILENCE:g} s, the client is {client.state}"
            if self._plan.is_flood and self.simulator.connections > 1:
                end = min(end, time.monotonic() + 0.5)
            if passing and self._chance.random() < 0.1:
                present.append(self._chance.choice(passing)())
            if present and self._chance.random() < 0.1:
                present.pop(self._chance.randrange(len(present))).dispose()
        return ""

    def _check_end(self, client: LiveStreams, outcome: Outcome) -> None:
        """An end by an error must be one that was planned, and nothing may follow it."""
        last = self._log[-1] if self._log else None
        if not isinstance(last, Closed):
            outcome.violations.append(f"the last word was {last}")
            return
        happened = self.simulator.faults_happened
        expected = {
            AuthenticationError.__name__: "RefuseLogin",
            ConnectFailedError.__name__: "RefuseHandshake",
            EvictedError.__name__: "Evict",
        }
        if last.kind is not None and not happened.get(expected.get(last.kind, "")):
            outcome.violations.append(f"ended by {last}")
        if self._errors - {last.kind}:
            outcome.violations.append(f"observers got {self._errors}, and the stream ended by {last.kind}")
        states = [entry for entry in self._log if isinstance(entry, State)]
        # An attempt that our close broke off may not have reached the server.
        unheard = 1 if last.kind is None and isinstance(states[-2], Connecting) else 0
        if not outcome.connections - unheard <= self.simulator.connections <= outcome.connections:
            outcome.violations.append(
                f"{self.simulator.connections} connections came, {outcome.connections} were told"
            )


class Soak:
    """Lanes that run epochs until told to stop.

    Args:
        seed: Where everything comes from.
        transport: ``default``, ``fast`` or ``both``.
        certificate: For TLS.
        only_tls: Whether every lane uses TLS, and not only every second one.
        logs: A folder for the logs of epochs with violations.
        longest: Seconds of the longest epoch.
    """

    def __init__(
        self,
        seed: int,
        transport: str,
        certificate: tuple[Path, Path],
        *,
        only_tls: bool = False,
        logs: Path | None = None,
        longest: float = 40.0,
    ) -> None:
        self.figures = Figures()
        self._seed = seed
        self._transports = ("default", "fast") if transport == "both" else (transport,)
        self._certificate = certificate
        self._only_tls = only_tls
        self._logs = logs
        self._longest = longest
        self._stop = threading.Event()
        self._lanes = [
            threading.Thread(target=self._run, args=(lane,), name=f"soak-{lane}") for lane in range(_LANES)
        ]

    def start(self) -> None:
        """Start the lanes."""
        for lane in self._lanes:
            lane.start()

    def stop(self) -> None:
        """End the epochs under way, compare them too, and wait for the lanes."""
        self._stop.set()
        for lane in self._lanes:
            lane.join()

    def _run(self, lane: int) -> None:
        number = 0
        while not self._stop.is_set() and not self.figures.violations:
            self.run_epoch(f"{self._seed}.{lane}.{number}")
            number += 1

    def run_epoch(self, name: str) -> None:
        """Run the epoch of a name: seed, lane and number."""
        seed, lane, number = (int(part) for part in name.split("."))
        plan = make_plan(seed * 1_000_003 + lane * 100_003 + number, self._longest)
        transport = self._transports[lane % len(self._transports)]
        with_tls = self._only_tls or lane // 2 % 2 == 1
        epoch = Epoch(plan, transport, self._certificate if with_tls else None, self._stop.is_set)
        shown = (
            f"epoch {name} ({plan.cluster}, {transport}, {'TLS' if with_tls else 'plain'}, {plan.overflow})"
        )
        try:
            outcome = epoch.run()
        except Exception as error:
            self.figures.violations.append(f"{shown}: {error!r}")
            raise
        if outcome.violations and self._logs is not None:
            epoch.write_log(self._logs / f"epoch-{name}.log")
        self.figures.add(outcome, epoch.simulator.faults_happened, shown)


def _memory() -> str:
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if Path("/proc/self/statm").exists() else 0
    return f"{pages * 4096 / 2**20:.0f} MiB"


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transport", choices=("default", "fast", "both"), default="both")
    parser.add_argument("--tls", action="store_true", help="TLS in every lane, and not in every second one")
    parser.add_argument("--logs", type=Path, help="a folder for the logs of epochs with violations")
    parser.add_argument("--epoch", help="run one epoch alone, by the name that a violation gives")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run, print, and return the exit status."""
    options = _arguments(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        certificate = write_certificate(Path(folder))
        soak = Soak(options.seed, options.transport, certificate, only_tls=options.tls, logs=options.logs)
        if options.epoch:
            soak.run_epoch(options.epoch)
        else:
            _run_for(soak, options.minutes * 60, began)
    figures = soak.figures
    print(f"after {time.monotonic() - began:.0f} s, {time.process_time():.0f} s of CPU: {figures}")
    for kind, count in sorted(figures.faults.items()):
        print(f"  {kind}: {count}")
    for violation in figures.violations:
        print(f"VIOLATION with seed {options.seed}, {violation}")
    return 1 if figures.violations else 0


def _run_for(soak: Soak, seconds: float, began: float) -> None:
    soak.start()
    shown = began
    while time.monotonic() - began < seconds and not soak.figures.violations:
        time.sleep(min(0.5, seconds))
        if time.monotonic() - shown > 30:
            shown = time.monotonic()
            print(f"{shown - began:.0f} s, {_memory()}: {soak.figures}", flush=True)
    soak.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
