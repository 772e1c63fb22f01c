"""``rxpolygon serve``: the simulator as a server of its own."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path
from typing import Annotated

import typer

from rxpolygon.cli import complete
from rxpolygon.cli.console import say
from rxpolygon.cli.options import Seed, option, speed_from, symbols_from
from rxpolygon.errors import RxPolygonError
from rxpolygon.simulator import Simulator
from rxpolygon.simulator.playback import markets_in
from rxpolygon.simulator.venues.polygon import PolygonVenue
from rxpolygon.venues.polygon.channels import MARKETS

__all__ = ["serve"]


def serve(
    recording: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="A recording to serve instead of a simulated market.", show_default=False
        ),
    ] = None,
    venue: Annotated[
        str, option("polygon|alpaca", "Whose protocol to speak.", default=True, offers=complete.venues)
    ] = "polygon",
    port: Annotated[int, option("N", "Where to listen; 0 takes a free port.", default=True)] = 8765,
    speed: Annotated[
        str,
        option(
            "N|max",
            "How many times as fast as real time, or as clients read.",
            default=True,
            offers=complete.speeds,
        ),
    ] = "1",
    api_key: Annotated[
        list[str] | None,
        option("KEY", "A key that may log in, demo unless given; repeatable."),
    ] = None,
    seed: Seed = 0,
    symbols: Annotated[
        str | None,
        option(
            "A,B",
            "What * stands for; well-known symbols of each cluster unless given.",
            offers=complete.symbols,
        ),
    ] = None,
) -> None:
    """Serve a simulated market or a recording, until Ctrl-C.

    Any client of the vendor's protocol can connect, from this machine only. A simulated market has every
    cluster, a recording its own.

    \b
    Examples:
      rxpolygon serve --speed 60
      rxpolygon serve day.jsonl.gz --speed max --port 9000
      rxpolygon serve --venue alpaca
    """
    _tell_warnings()
    keys = api_key or ["demo"]
    simulator = Simulator(
        port,
        venue=venue,
        api_keys=keys,
        symbols=symbols_from(symbols),
        seed=seed,
        speed=speed_from(speed),
        recording=recording,
    )
    try:
        with simulator:
            if venue == "alpaca":
                _introduce_alpaca(simulator.url, keys[0], recording)
            else:
                _introduce(simulator.url, keys[0], recording)
            _wait_for_interrupt()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise RxPolygonError(f"cannot listen on port {port}: {reason}") from error
    except KeyboardInterrupt:
        say("stopped")
        raise


def _introduce_alpaca(url: str, key: str, recording: Path | None) -> None:
    what = "a simulated market" if recording is None else str(recording)
    name, _, secret = key.partition(":")
    keys = f"{name}:{secret or 'secret'}"
    typer.echo(f"Serving {what} on {url} (Ctrl-C stops it). In Python, here or with the vendor's own client:")
    typer.echo("")
    typer.echo(f'  StockDataStream("{name}", "{secret or "secret"}", url_override="{url}")')
    typer.echo("")
    typer.echo("or in another terminal:")
    typer.echo("")
    typer.echo(f"  rxpolygon bars --venue alpaca --host {url} --api-key {keys}")


def _introduce(url: str, key: str, recording: Path | None) -> None:
    what = "a simulated market" if recording is None else str(recording)
    cluster = _cluster_of(recording)
    options = f"--cluster {cluster} --host {url} --api-key {key}"
    typer.echo(f"Serving {what} on {url} (Ctrl-C stops it). In another terminal:")
    typer.echo("")
    typer.echo(f"  rxpolygon bars {options}")
    typer.echo(f"  rxpolygon stream {options}")


def _cluster_of(recording: Path | None) -> str:
    possible = frozenset(MARKETS) if recording is None else markets_in(recording, PolygonVenue())
    return next(market for market in MARKETS if market in possible)


def _wait_for_interrupt() -> None:
    forever = threading.Event()
    while not forever.wait(1.0):  # a wait without end cannot be interrupted on Windows
        pass


class _Warnings(logging.Handler):
    """Tells what the simulator warns of, such as a recording that is cut."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


def _tell_warnings() -> None:
    logger = logging.getLogger("rxpolygon.simulator")
    if not any(isinstance(handler, _Warnings) for handler in logger.handlers):
        logger.addHandler(_Warnings(logging.WARNING))
