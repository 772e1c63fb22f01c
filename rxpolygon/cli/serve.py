"""``rxpolygon serve``: the simulator as a server of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rxpolygon.cli import complete
from rxpolygon.cli.options import Seed, option, speed_from, symbols_from

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
    # Here, so that no other command and no --help waits for it.
    from rxpolygon.cli.serving import serve_until_signal
    from rxpolygon.simulator import Simulator

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
    serve_until_signal(simulator, venue, keys[0], recording, port)
