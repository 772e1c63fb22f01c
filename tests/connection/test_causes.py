"""Why a connection ended: the cause of each loss, and what the error of it says and advises."""

from __future__ import annotations

import ssl
from typing import get_args

import pytest

from rxpolygon import errors
from rxpolygon.connection.causes import Cause, cause_of, error_for, remedy
from rxpolygon.transport.base import Loss, connect_failure

URL = "ws://host/stocks"
CUT = Loss("network", "broken", 1006)


@pytest.mark.parametrize("cause", [cause for cause in get_args(Cause) if cause != "handshake"])
def test_every_cause_that_is_tried_again_has_a_remedy(cause: Cause) -> None:
    assert remedy(cause)


@pytest.mark.parametrize(
    ("cause", "loss", "kind", "advice"),
    [
        ("network", CUT, errors.ConnectionLostError, "check the network"),
        ("restart", Loss("closed", "bye", 1001), errors.ConnectionLostError, "passes"),
        ("mute", CUT, errors.ConnectionLostError, "open but dead"),
        ("protocol", Loss("too_large", "much"), errors.ConnectionLostError, "max_frame"),
        ("server", Loss("closed", "oh", 1011), errors.ConnectionLostError, "the server's"),
        ("slow", CUT, errors.SlowConsumerError, "subscribe to less"),
        ("cap", CUT, errors.ConnectionLimitError, "close the other client"),
        ("evicted", CUT, errors.EvictedError, "share one StreamClient"),
        ("login", CUT, errors.LoginTimeoutError, "within 10 s: is this a market-data websocket?"),
        ("handshake", Loss("handshake", "no", 404), errors.ConnectFailedError, "the URL and the key"),
        ("connect", Loss("handshake", "no", 503), errors.ConnectFailedError, "try again later"),
        ("connect", Loss("handshake", "no", 429), errors.ConnectFailedError, "try again later"),
        ("connect", Loss("connect", "no"), errors.ConnectFailedError, "the host and the network"),
    ],
)
def test_error_of_a_cause_says_what_was_told_and_what_to_do(
    cause: Cause, loss: Loss, kind: type[Exception], advice: str
) -> None:
    error = error_for(cause, URL, "so they said", loss, 10.0, None)
    assert isinstance(error, kind)
    assert advice in str(error)
    assert "so they said" in str(error) or cause == "login"


@pytest.mark.parametrize(("said", "shown"), [("busy\x1b[2J", "(busy\\x1b[2J)"), ("", "put the login off:")])
def test_login_that_was_put_off_says_so_and_not_that_nobody_answered(said: str, shown: str) -> None:
    error = error_for("login", URL, "", CUT, 10.0, said)
    assert shown in str(error)
    assert "within" not in str(error)


def test_certificate_that_is_not_trusted_says_where_to_give_it() -> None:
    error = ssl.SSLCertVerificationError("no")
    error.verify_message = "self-signed certificate"
    loss = connect_failure(error)
    assert cause_of(loss) == "connect"
    assert "ca_certs" in str(error_for("connect", URL, loss.reason, loss, 10.0, None))


def test_port_without_tls_says_which_url_it_needs() -> None:
    loss = connect_failure(ssl.SSLError(1, "WRONG_VERSION_NUMBER"))
    assert not loss.is_final
    assert "ws:// URL" in str(error_for("connect", URL, loss.reason, loss, 10.0, None))
