"""Which transport to use."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, MissingPackageError
from rxpolygon.transport.base import Endpoint, Listener, Transport
from rxpolygon.transport.opening import is_proxied
from rxpolygon.transport.standard import StandardTransport

__all__ = ["TransportName", "choose_transport"]

TransportName = Literal["auto", "default", "fast"]


def choose_transport(name: str, endpoint: Endpoint, listener: Listener, thread_name: str) -> Transport:
    """A transport that is not started yet.

    Args:
        name: ``default`` (websocket-client, pure Python), ``fast`` (picows, compiled) or ``auto``: fast over
            TLS, when it is installed and no proxy stands between. A plain socket is read as fast without it.
        endpoint: Where and how to connect.
        listener: Who is told.
        thread_name: The name of the transport's thread.

    Raises:
        InvalidArgumentError: There is no such transport, or a proxy stands before ``fast``.
        MissingPackageError: ``fast`` was asked for and picows is not installed.
    """
    check_transport(name, endpoint.url)
    if name == "fast" or (name == "auto" and _is_fast_better(endpoint.url)):
        from rxpolygon.transport.fast import FastTransport

        return FastTransport(endpoint, listener, thread_name)
    return StandardTransport(endpoint, listener, thread_name)


def check_transport(name: str, url: str) -> None:
    """Raise if a transport's name is wrong, its package is missing, or it cannot reach a URL."""
    if not isinstance(name, str):
        raise InvalidTypeError("transport", name, "one of 'auto', 'default', 'fast'")
    if name not in ("auto", "default", "fast"):
        raise InvalidArgumentError("transport", name, "use 'auto', 'default' or 'fast'")
    if name == "fast" and not _has_fast():
        raise MissingPackageError("transport='fast'", "picows", "fast")
    if name == "fast" and is_proxied(url):
        raise InvalidArgumentError(
            "transport",
            name,
            "it goes through no proxy, and the environment has one for this host: use 'auto' or 'default', "
            "or name the host in no_proxy",
        )


def _is_fast_better(url: str) -> bool:
    return url.startswith("wss:") and _has_fast() and not is_proxied(url)


def _has_fast() -> bool:
    return find_spec("picows") is not None
