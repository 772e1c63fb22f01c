"""A simulator at work as a server of its own."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

import typer

from rxpolygon.cli.console import say
from rxpolygon.errors import RxPolygonError
from rxpolygon.simulator import Simulator
from rxpolygon.simulator.playback import markets_in
from rxpolygon.simulator.venues.polygon import PolygonVenue
from rxpolygon.venues.polygon.channels import MARKETS

__all__ = ["serve_until_signal"]


def serve_until_signal(simulator: Simulator, venue: str, key: str, recording: Path | None, port: int) -> None:
    """Tell how to connect, and serve.

    Args:
        simulator: Not started yet.
        venue: Whose protocol it speaks.
        key: A key that may log in.
        recording: What it serves; None for a simulated market.
        port: Where it is to listen.

    Raises:
        RxPolygonError: It cannot listen there.
        KeyboardInterrupt: A signal ended it.
    """
    _tell_warnings()
    try:
        with simulator:
            if venue == "alpaca":
                _introduce_alpaca(simulator.url, key, recording)
            else:
                _introduce(simulator.url, key, recording)
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
