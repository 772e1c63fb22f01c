"""Why a connection ended, and what each reason means."""

from __future__ import annotations

from typing import Final, Literal

from rxpolygon import errors
from rxpolygon.transport.base import Loss

__all__ = ["Cause", "cause_of", "error_for", "remedy"]

Cause = Literal[
    "network",
    "restart",
    "slow",
    "cap",
    "evicted",
    "login",
    "mute",
    "protocol",
    "server",
    "handshake",
    "connect",
]

_RESTART_CODES: Final = frozenset({1000, 1001, 1012})
_POLICY_CODE: Final = 1008

_REMEDIES: Final[dict[Cause, str]] = {
    "slow": "subscribe to less or do less in observers",
    "cap": "close the other client of this key",
    "evicted": "another client of this key is running",
    "mute": "the connection was open but dead",
    "connect": "check host and network",
}


def cause_of(loss: Loss) -> Cause:
    """The reason for a loss that the server did not announce."""
    match loss.kind:
        case "handshake":
            # 4xx is the server's word; 5xx, 408 and 429 pass.
            code = loss.code or 0
            return "handshake" if 400 <= code < 500 and code not in (408, 429) else "connect"
        case "connect":
            return "connect"
        case "closed" if loss.code in _RESTART_CODES:
            return "restart"
        case "closed" if loss.code == _POLICY_CODE:
            return "cap"
        case "protocol" | "too_large":
            return "protocol"
        case _:
            return "network"


def remedy(cause: Cause) -> str:
    """What a user could do about it, empty when nothing."""
    return _REMEDIES.get(cause, "")


def error_for(cause: Cause, url: str, reason: str, loss: Loss, login_limit: float) -> errors.RxPolygonError:
    """The error that ends the stream, should it end for this reason."""
    match cause:
        case "cap":
            return errors.ConnectionLimitError(reason)
        case "evicted":
            return errors.EvictedError(reason)
        case "slow":
            return errors.SlowConsumerError(reason)
        case "login":
            return errors.LoginTimeoutError(url, login_limit)
        case "handshake" | "connect":
            status = loss.code if loss.kind == "handshake" else None
            return errors.ConnectFailedError(url, reason, status)
        case _:
            return errors.ConnectionLostError(reason, loss.code)
