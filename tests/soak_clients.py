"""The clients of a soak, whichever venue they speak to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reactivex import Observable

from rxpolygon import Reconnect, StreamClient
from rxpolygon.alpaca import CryptoDataStream, StockDataStream
from rxpolygon.events import Event
from rxpolygon.live import LiveStreams
from rxpolygon.simulator import Simulator
from tests.soak_plan import Plan

__all__ = ["make_client", "start", "subscribe"]

_PING_SECONDS = 0.5
_PONG_SECONDS = 1.0


def make_client(plan: Plan, simulator: Simulator, options: dict[str, Any]) -> LiveStreams:
    """A client of an epoch that is not started yet."""
    settings: dict[str, Any] = {
        "reconnect": Reconnect(initial=0.02, maximum=0.2, cap_cooldown=0.2, on_evicted=plan.on_evicted),
        "overflow": plan.overflow,
        "max_buffer": plan.max_buffer,
        "data_timeout": plan.data_timeout,
        **options,
    }
    if plan.venue == "polygon":
        return StreamClient("demo", plan.cluster, simulator.url, lambda message: None, **settings)
    kind = CryptoDataStream if "crypto" in plan.cluster else StockDataStream
    return kind(
        "demo",
        "secret",
        url_override=simulator.url_of(plan.cluster),
        encoding=plan.encoding,
        websocket_params={"ping_interval": _PING_SECONDS, "ping_timeout": _PONG_SECONDS},
        **settings,
    )


def start(client: LiveStreams) -> None:
    """Start it, with pings often enough to notice a dead connection soon."""
    if isinstance(client, StreamClient):
        client.start_stream_thread(ping_interval=_PING_SECONDS, ping_timeout=_PONG_SECONDS)
    elif isinstance(client, (CryptoDataStream, StockDataStream)):
        client.start_stream_thread()


def subscribe(client: LiveStreams, method: str, symbols: Sequence[str]) -> Observable[Event]:
    """Subscribe to a channel by the end of its method's name."""
    asked = getattr(client, f"subscribe_{method}")
    observable: Observable[Event] = (
        asked(list(symbols)) if isinstance(client, StreamClient) else asked(*symbols)
    )
    return observable
