"""What each status message means."""

from __future__ import annotations

import pytest

from rxpolygon.topics import Topic
from rxpolygon.venues.dialect import (
    Acknowledged,
    CapReached,
    CutAsSlow,
    Evicted,
    Greeted,
    LoggedIn,
    LoginDeferred,
    LoginRefused,
    Notice,
    Said,
    TopicsRefused,
)
from rxpolygon.venues.polygon.statuses import notice

PREFIXES = {"T", "Q", "AM", "A", "LULD"}


@pytest.mark.parametrize(
    ("status", "message", "meaning"),
    [
        ("connected", "Connected Successfully", Greeted),
        ("success", "Connected Successfully", Greeted),
        ("auth_success", "authenticated", LoggedIn),
        ("success", "authenticated", LoggedIn),
        ("auth_failed", "authentication failed", LoginRefused),
        ("auth_timeout", "", LoginDeferred),
        ("auth_required", "", LoginDeferred),
        ("max_connections", "Maximum number of websocket connections exceeded.", CapReached),
        ("force_disconnect", "", Evicted),
        ("slow_consumer", "", CutAsSlow),
        ("error", "not authorized", TopicsRefused),
        ("success", "subscribed to: T.A", Acknowledged),
        ("success", "something new", Said),
        ("never seen", "hello", Said),
        ("", "", Said),
    ],
)
def test_status_has_its_meaning(status: str, message: str, meaning: type[Notice]) -> None:
    found = notice(status, message, PREFIXES)
    assert type(found) is meaning
    assert found.message == message


def test_acknowledgement_names_its_topics() -> None:
    begun = notice("success", "subscribed to: T.BRK.B, Q.*", PREFIXES)
    ended = notice("success", "unsubscribed to: T.MSFT", PREFIXES)
    assert begun == Acknowledged(begun.message, topics=(Topic("T", "BRK.B"), Topic("Q", "*")))
    assert ended == Acknowledged(ended.message, topics=(Topic("T", "MSFT"),), active=False)


@pytest.mark.parametrize(
    ("message", "topics"),
    [
        ("not authorized", ()),
        ("You don't have access real-time data. Please visit polygon.io/pricing.", ()),
        ("not authorized: LULD.AAPL.", (Topic("LULD", "AAPL"),)),
        ("no access to T.AAPL, Q.BRK.B", (Topic("T", "AAPL"), Topic("Q", "BRK.B"))),
        ("U.S. data", ()),
    ],
)
def test_refusal_names_topics_only_where_it_does(message: str, topics: tuple[Topic, ...]) -> None:
    found = notice("error", message, PREFIXES)
    assert isinstance(found, TopicsRefused)
    assert found.topics == topics
