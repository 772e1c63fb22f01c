"""The talk with one client, fed with anything at all."""

from __future__ import annotations

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from rxpolygon.simulator.venues.alpaca import AlpacaVenue
from rxpolygon.simulator.venues.alpaca_talk import ERRORS, AlpacaConversation
from rxpolygon.simulator.venues.alpaca_wire import decoded
from rxpolygon.simulator.venues.base import Handshake, Plan
from tests.alpaca_simulator.packed import pack, unpack

PLAN = Plan(keys=frozenset({"demo"}))
CHANNELS = ("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds")
SYMBOLS = ("AAPL", "IBM", "BRK.B", "*")


def conversation(form: str, *, is_logged_in: bool = True) -> AlpacaConversation:
    handshake = Handshake("v2/iex", {"content-type": f"application/{form}"})
    talk = AlpacaVenue().converse(handshake, PLAN)
    if is_logged_in:
        talk.log_in()
    return talk


scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=8)
values = st.recursive(
    scalars | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
commands = st.dictionaries(
    st.sampled_from(("action", "key", "secret", *CHANNELS)),
    values
    | st.sampled_from(("auth", "subscribe", "unsubscribe", "demo"))
    | st.lists(st.sampled_from(SYMBOLS)),
)


@given(st.binary() | commands.map(pack) | values.map(pack), st.booleans())
@example(b"\x91" * 3_000 + b"\xc0", True)
@example(b"\x81\xa6action" + b"\x91" * 3_000 + b"\xc0", True)
@example(b"[" * 3_000, True)
@example(pack({"action": "subscribe", "trades": [float("nan")]}), True)
@example(b"\x82\xa6action\xa9subscribe\xa1t\xc7\x0c\xff\xff\xff\xff\xff" + b"\x7f" * 8, True)
def test_no_message_raises_and_each_has_an_answer(message: bytes, is_logged_in: bool) -> None:
    for form in ("json", "msgpack"):
        talk = conversation(form, is_logged_in=is_logged_in)
        reply = talk.receive(message)
        assert reply.frames or reply.account == "demo"
        for frame in reply.frames:
            (answer,) = unpack(frame) if form == "msgpack" else orjson.loads(frame)
            assert answer["T"] == "subscription" or ERRORS[answer["code"]] == answer["msg"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("subscribe", "unsubscribe")),
            st.dictionaries(st.sampled_from(CHANNELS), st.lists(st.sampled_from(SYMBOLS))),
        )
    ),
    st.sampled_from(("json", "msgpack")),
)
def test_acknowledgement_is_the_state_after_any_commands(
    steps: list[tuple[str, dict[str, list[str]]]], form: str
) -> None:
    talk = conversation(form)
    state: dict[str, set[str]] = {channel: set() for channel in CHANNELS}
    for action, lists in steps:
        message = {"action": action, **lists}
        reply = talk.receive(pack(message) if form == "msgpack" else orjson.dumps(message))
        for channel, symbols in lists.items():
            if action == "subscribe":
                state[channel].update(symbols)
            else:
                state[channel].difference_update(symbols)
        (answer,) = decoded(reply.frames[0])
        expected: dict[str, object] = {channel: sorted(symbols) for channel, symbols in state.items()}
        implied = dict.fromkeys(("corrections", "cancelErrors"), sorted(state["trades"]))
        assert answer == {"T": "subscription", **expected, **implied}
