"""Every control message, and what it means."""

from __future__ import annotations

import pytest

from rxpolygon.topics import Topic
from rxpolygon.venues.alpaca.codec import AlpacaCodec, Encoding
from rxpolygon.venues.dialect import (
    CapReached,
    CutAsSlow,
    Denied,
    Greeted,
    LoggedIn,
    LoginDeferred,
    LoginRefused,
    Notice,
    Said,
    ServerFault,
    Stated,
    TopicsRefused,
)
from tests.venues.alpaca.samples import SAMPLES, Item, in_json, in_msgpack


def notices(*items: Item, encoding: Encoding = "msgpack") -> list[Notice]:
    codec = AlpacaCodec("wss://x", "stocks", "KEYID", "SECRET", encoding)
    frame = in_json(list(items)) if encoding == "json" else in_msgpack(list(items))
    found = list(codec.notices(frame))
    assert codec.may_hold_notices(frame) or not found
    return found


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (400, TopicsRefused),
        (401, LoginDeferred),
        (402, LoginRefused),
        (403, Said),
        (404, LoginDeferred),
        (405, TopicsRefused),
        (406, CapReached),
        (407, CutAsSlow),
        (408, Denied),
        (409, Denied),
        (410, TopicsRefused),
        (411, Denied),
        (412, Denied),
        (413, TopicsRefused),
        (500, ServerFault),
        (599, Said),
    ],
)
def test_every_code_has_its_meaning(code: int, meaning: type[Notice], encoding: Encoding) -> None:
    for written in (code, str(code), float(code)):
        (notice,) = notices({"T": "error", "code": written, "msg": "because"}, encoding=encoding)
        assert type(notice) is meaning
        assert notice.message == "because"
        if isinstance(notice, TopicsRefused):
            assert notice.whole
            assert notice.topics == ()
        if isinstance(notice, Said):
            assert notice.code == str(code)


def test_successes() -> None:
    assert notices({"T": "success", "msg": "connected"}) == [Greeted("connected")]
    assert notices({"T": "success", "msg": "authenticated"}) == [LoggedIn("authenticated")]
    assert notices({"T": "success", "msg": "hello"}) == [Said("hello", code="success")]
    assert notices({"T": "error"}) == [Said("", code="error")]


def test_acknowledgement_is_the_whole_state_without_what_comes_with_the_trades() -> None:
    (stated,) = notices(
        {
            "T": "subscription",
            "trades": ["AAPL", "AAPL", 7],
            "quotes": [],
            "bars": ["*"],
            "updatedBars": None,
            "lulds": ["IBM"],
            "corrections": ["AAPL"],
            "cancelErrors": ["AAPL"],
            "surprises": ["X"],
        }
    )
    assert stated == Stated(topics=(Topic("trades", "AAPL"), Topic("bars", "*"), Topic("lulds", "IBM")))


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_notices_among_events_are_found(encoding: Encoding) -> None:
    sample = SAMPLES["stocks"]
    error = {"T": "error", "code": 407, "msg": "slow client"}
    assert notices(*sample, error, *sample, encoding=encoding) == [CutAsSlow("slow client")]
    assert notices(*sample, encoding=encoding) == []
