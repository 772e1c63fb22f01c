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
_FAULT_CODES: Final = frozenset({1011, 1013, 1014})  # internal error, try again later, bad gateway

_REMEDIES: Final[dict[Cause, str]] = {
    "network": "check the network",
    "restart": "servers restart now and then, which passes",
    "slow": "subscribe to less or do less in observers",
    "cap": "close the other client of this key",
    "evicted": "another client of this key is running",
    "login": "check that the host is a market-data websocket",
    "mute": "the connection was open but dead",
    "protocol": "look for a proxy that is in the way, or raise max_frame",
    "server": "the fault is the server's, and passes",
    "connect": "check host and network",
}


def cause_of(loss: Loss) -> Cause:
    """The reason for a loss that the server did not announce."""
    match loss.kind:
        case "handshake":
            # 4xx is the server's word about the URL or the key, with few exceptions.
            code = loss.code or 0
            return "handshake" if code >= 400 and not errors.is_passing(code) else "connect"
        case "connect":
            return "connect"
        case "closed" if loss.code in _RESTART_CODES:
            return "restart"
        case "closed" if loss.code == _POLICY_CODE:
            return "cap"
        case "closed" if loss.code in _FAULT_CODES:
            return "server"
        case "protocol" | "too_large":
            return "protocol"
        case _:
            return "network"


def remedy(cause: Cause) -> str:
    """What a user could do about it, empty when nothing."""
    return _REMEDIES.get(cause, "")


def error_for(
    cause: Cause, url: str, reason: str, loss: Loss, login_limit: float, put_off: str | None
) -> errors.RxPolygonError:
    """The error that ends the stream, should it end for this reason.

    Args:
        cause: The reason.
        url: Where the connection was to.
        reason: What the server or the system said.
        loss: How the transport ended.
        login_limit: Seconds that the server had for the login.
        put_off: What the server said when it did not accept the login yet; None if it did not.
    """
    match cause:
        case "cap":
            return errors.ConnectionLimitError(reason)
        case "evicted":
            return errors.EvictedError(reason)
        case "slow":
            return errors.SlowConsumerError(reason)
        case "login":
            return errors.LoginTimeoutError(url, login_limit, put_off)
        case "handshake" | "connect":
            status = loss.code if loss.kind == "handshake" else None
            return errors.ConnectFailedError(url, reason, status, loss.remedy)
        case _:
            return errors.ConnectionLostError(reason, loss.code, remedy(cause))
