"""What is sent against the documentation's samples: pushed ones unchanged, made ones with the same fields."""

from __future__ import annotations

from typing import Any

import pytest

from rxpolygon.simulator import Simulator
from rxpolygon.simulator.faults import Amend, Reorder
from rxpolygon.simulator.venues.alpaca_wire import decoded, encoded, msgpack_stamp, rfc_3339
from rxpolygon.simulator.venues.base import Encoding
from tests.alpaca_simulator.packed import pack, stamp
from tests.alpaca_simulator.samples import CRYPTO, OPTIONS, STOCKS
from tests.alpaca_simulator.wire import FORMATS, Client, Message, nanoseconds
from tests.simulator.markets import REGULAR_HOURS

SAMPLES = [
    (cluster, *sample)
    for cluster, samples in (("v2/sip", STOCKS), ("v1beta3/crypto/us", CRYPTO), ("v1beta1/opra", OPTIONS))
    for sample in samples.values()
]
# Options come in msgpack only.
CASES = [
    (form, *sample) for sample in SAMPLES for form in FORMATS if form == "msgpack" or "opra" not in sample[0]
]
FLOATS = ("p", "bp", "ap", "o", "h", "l", "c", "vw", "op", "cp", "u", "d")


@pytest.mark.parametrize(("form", "cluster", "channel", "message", "at_ns"), CASES)
def test_documented_message_arrives_as_it_is_with_its_nanoseconds(
    quiet: Simulator, form: str, cluster: str, channel: str, message: Message, at_ns: int
) -> None:
    with Client(quiet.url_of(cluster), form) as client:
        client.log_in().subscribe(**{channel: [message["S"]]})
        assert quiet.push(cluster, message) == 1
        (received,) = client.frame()
        assert nanoseconds(received["t"]) == at_ns
        written = message["t"] if form == "json" else stamp(at_ns)
        assert received == message | {"t": written}
        assert quiet.sent == {1: [message]}


@pytest.mark.parametrize("at_ns", [0, 1, 2**32 * 10**9, (2**34 - 1) * 10**9 + 999_999_999, 2**34 * 10**9 + 5])
def test_stamp_of_any_size_is_what_the_reference_package_writes(at_ns: int) -> None:
    ours = encoded([msgpack_stamp(at_ns)], Encoding.MSGPACK)
    assert ours == pack([stamp(at_ns)])
    assert decoded(encoded([{"t": msgpack_stamp(at_ns)}], Encoding.MSGPACK)) == [{"t": rfc_3339(at_ns)}]


def made(cluster: str, channel: str, kind: str, form: str) -> Message:
    """One message of a kind from the made-up market."""
    faults = [Amend(share=0.5, within=0.1), Reorder(share=0.2, within=5)]
    with (
        Simulator(venue="alpaca", start=REGULAR_HOURS, speed=300, faults=faults) as simulator,
        Client(simulator.url_of(cluster), form) as client,
    ):
        symbols = ["SPY271217C00600000"] if "beta1" in cluster else ["*"]
        client.log_in().subscribe(**{channel: symbols})
        return client.until(lambda seen: bool(seen) and seen[-1]["T"] == kind)[-1]


@pytest.mark.parametrize(("form", "cluster", "channel", "sample", "at_ns"), CASES)
def test_made_message_has_the_fields_and_types_of_the_documented_one(
    form: str, cluster: str, channel: str, sample: Message, at_ns: int
) -> None:
    message = made(cluster, channel, sample["T"], form)
    assert set(message) == set(sample)
    for name, value in sample.items():
        if name != "t":
            assert shape(message[name], form, name) == shape(value, form, name), name
    assert nanoseconds(message["t"]) >= REGULAR_HOURS * 1_000_000 - 60_000_000_000


@pytest.mark.parametrize(("channel", "kind"), [("updatedBars", "u"), ("dailyBars", "d")])
def test_other_bars_have_the_fields_of_the_documented_bar(channel: str, kind: str) -> None:
    assert set(made("v2/sip", channel, kind, "json")) == set(STOCKS["bar"][1])


def shape(value: Any, form: str, name: str) -> Any:
    """The type of a value; JSON writes a whole number without a point, and sizes may be whole or not."""
    if isinstance(value, (bool, str)):
        return type(value)
    if isinstance(value, list):
        return {str(shape(item, form, name)) for item in value}
    if isinstance(value, dict):
        return {key: shape(item, form, key) for key, item in value.items()}
    return float if form == "msgpack" and name in FLOATS else "number"


@pytest.mark.parametrize("form", FORMATS)
def test_prices_are_floats_in_msgpack_and_shortest_in_json(form: str) -> None:
    with (
        Simulator(venue="alpaca", start=REGULAR_HOURS, speed=100) as simulator,
        Client(simulator.url, form) as client,
    ):
        client.log_in().subscribe(quotes=["*"])
        prices = [quote["bp"] for quote in client.take(300)]
    assert any(price == int(price) for price in prices)
    if form == "msgpack":
        assert {type(price) for price in prices} == {float}
    else:
        assert all(isinstance(price, int) for price in prices if price == int(price))
