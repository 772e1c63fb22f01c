"""What the arguments of a client mean, checked."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final
from urllib.parse import SplitResult, urlsplit

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.transport import Ping
from rxpolygon.venues.polygon.channels import CHANNELS, channel_by_name
from rxpolygon.venues.polygon.names import StreamCluster, StreamHost

__all__ = [
    "api_key_from",
    "base_url_from",
    "byte_limit",
    "certificates_from",
    "cluster_from",
    "data_limits_from",
    "one_of",
    "ping_from",
    "positive_number",
    "websocket_url_from",
]

_LONGEST_PING: Final = 125  # bytes, RFC 6455, 5.5
KEY_VARIABLES: Final = ("POLYGON_API_KEY", "MASSIVE_API_KEY")


def api_key_from(api_key: str | None) -> str:
    """The key, from the argument or from the environment. No message ever shows it."""
    if api_key is None:
        found = next((os.environ[name] for name in KEY_VARIABLES if os.environ.get(name)), None)
        if found is None:
            raise InvalidArgumentError(
                "api_key", None, f"give the key, or set the environment variable {' or '.join(KEY_VARIABLES)}"
            )
        api_key = found
    if not isinstance(api_key, str):
        raise InvalidTypeError("api_key", api_key, "a str, or None to read it from the environment")
    key = api_key.strip()
    if not key:
        raise InvalidArgumentError("api_key", "", "it must not be empty")
    if not key.isprintable() or " " in key:
        raise InvalidArgumentError("api_key", "<hidden>", "a key has no spaces and no control characters")
    return key


def cluster_from(cluster: StreamCluster | str) -> StreamCluster:
    """The cluster, from its name in any case."""
    if not isinstance(cluster, str):
        raise InvalidTypeError("cluster", cluster, "a StreamCluster or its name as a str")
    try:
        return StreamCluster(cluster.strip().lower())
    except ValueError:
        names = ", ".join(repr(member.value) for member in StreamCluster)
        raise InvalidArgumentError("cluster", str(cluster), f"use one of {names}") from None


def websocket_url_from(argument: str, url: str, allowed: str, *, shown: str) -> SplitResult:
    """The parts of a ``ws://`` or ``wss://`` URL, which has a host.

    Raises:
        InvalidArgumentError: It is no such URL; the message has what is shown of it, and what is allowed.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is not a number
    except ValueError:
        raise InvalidArgumentError(argument, shown, allowed) from None
    if parts.scheme not in ("ws", "wss") or not parts.hostname or any(map(str.isspace, url)):
        raise InvalidArgumentError(argument, shown, allowed)
    return parts


def base_url_from(host: StreamHost | str) -> str:
    """The URL before the cluster: a bare host is reached by TLS."""
    if not isinstance(host, str):
        raise InvalidTypeError("host", host, "a StreamHost, a host name, or a ws:// or wss:// URL")
    text = str(host.value if isinstance(host, Enum) else host).strip()
    url = text if "://" in text else f"wss://{text}"
    allowed = "a StreamHost, a host name such as 'socket.polygon.io', or a ws:// or wss:// URL"
    parts = websocket_url_from("host", url, allowed, shown=text)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidArgumentError("host", "<hidden>", f"{allowed}, without user, query or fragment")
    cluster = parts.path.rstrip("/").rpartition("/")[2]
    if cluster in {it.value for it in StreamCluster}:
        raise InvalidArgumentError("host", text, f"the URL without /{cluster}: the cluster is added to it")
    scheme, _, rest = url.partition("://")
    return f"{scheme.lower()}://{rest.rstrip('/')}"


def certificates_from(ca_certs: str | os.PathLike[str] | None) -> str | None:
    """The path of a file of certificates, which is read once to see that it can be."""
    if ca_certs is None:
        return None
    if not isinstance(ca_certs, (str, os.PathLike)):
        raise InvalidTypeError(
            "ca_certs", ca_certs, "the path of a file, or None for the system's certificates"
        )
    path = os.fspath(ca_certs)
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        raise InvalidArgumentError(
            "ca_certs", path, f"a file of certificates in PEM form ({error})"
        ) from error
    return path


def one_of(argument: str, value: str, allowed: Sequence[str]) -> str:
    """The value, if it is one of the allowed words."""
    if not isinstance(value, str):
        raise InvalidTypeError(argument, value, f"one of {', '.join(map(repr, allowed))}")
    if value not in allowed:
        raise InvalidArgumentError(argument, value, f"use {', '.join(map(repr, allowed))}")
    return value


def positive_number(argument: str, value: float, unit: str, *, zero: bool = False) -> float:
    """The value, if it is a number above zero (or zero, where that is allowed)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidTypeError(argument, value, f"a number of {unit}")
    if not 0 <= value <= sys.float_info.max or (value == 0 and not zero):
        raise InvalidArgumentError(
            argument, value, f"a number of {unit} above 0" + (", or 0" if zero else "")
        )
    return value


def byte_limit(argument: str, value: float) -> int:
    """The value as a number of bytes, if it is 1 or more."""
    if positive_number(argument, value, "bytes") < 1:
        raise InvalidArgumentError(argument, value, "a number of bytes, 1 or more")
    return int(value)


def data_limits_from(
    limits: float | Mapping[str, float] | None, market: str
) -> float | dict[str, float] | None:
    """The limits of ``data_timeout``, by the prefixes of the channels."""
    if limits is None:
        return None
    if not isinstance(limits, Mapping):
        return positive_number("data_timeout", limits, "seconds")
    return {
        channel_by_name(_known_channel(name), market).prefix: positive_number(
            "data_timeout", seconds, "seconds"
        )
        for name, seconds in limits.items()
    }


def _known_channel(name: str) -> str:
    names = [channel.name for channel in CHANNELS]
    return one_of("data_timeout", name, names)


def ping_from(interval: float, timeout: float, payload: str) -> Ping:
    """The ping settings, checked."""
    if not isinstance(payload, (str, bytes)):
        raise InvalidTypeError("ping_payload", payload, "a str")
    data = payload.encode() if isinstance(payload, str) else payload
    if len(data) > _LONGEST_PING:
        raise InvalidArgumentError("ping_payload", payload, f"at most {_LONGEST_PING} bytes")
    return Ping(
        positive_number("ping_interval", interval, "seconds", zero=True),
        positive_number("ping_timeout", timeout, "seconds", zero=True),
        data,
    )
