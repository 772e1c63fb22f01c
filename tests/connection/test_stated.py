"""A server that answers with its whole state, and one that does not do as it is told."""

from __future__ import annotations

import random
from typing import Any, Final

import orjson
import pytest

from rxpolygon.connection.effects import Effect, Lost, Refuse, Send, Tell
from rxpolygon.connection.patience import Patience
from rxpolygon.connection.subscriptions import Subscriptions
from rxpolygon.status import Refused, ServerMessage, Subscribed, Unsubscribed
from rxpolygon.topics import Topic
from rxpolygon.venues.alpaca.codec import AlpacaCodec
from rxpolygon.venues.dialect import Acknowledged, Stated, TopicsRefused
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster

A, B, C = (Topic("trades", symbol) for symbol in "ABC")
EVERY = Topic("trades", "*")
CORRECTIONS = Topic("corrections", "*")
LIMIT: Final = "symbol limit exceeded"


def make() -> Subscriptions:
    return Subscriptions(AlpacaCodec("ws://x", "stocks", "KEYID", "SECRET", "json"))


def sent(effects: list[Effect]) -> list[tuple[str, dict[str, Any]]]:
    commands = [orjson.loads(effect.command) for effect in effects if isinstance(effect, Send)]
    return [(command.pop("action"), command) for command in commands]


def want(
    subscriptions: Subscriptions, *topics: Topic, wanted: bool = True
) -> list[tuple[str, dict[str, Any]]]:
    subscriptions.want(dict.fromkeys(topics, wanted))
    return sent(subscriptions.commands())


def after(subscriptions: Subscriptions, now: float) -> list[tuple[str, dict[str, Any]]]:
    subscriptions.settle(now)
    return sent(subscriptions.commands())


def test_state_is_told_as_its_changes() -> None:
    subscriptions = make()
    want(subscriptions, A, B)
    assert subscriptions.stated(Stated(topics=(A, B)), 0) == [Tell(Subscribed(A)), Tell(Subscribed(B))]
    assert subscriptions.stated(Stated(topics=(A, B)), 0) == []
    want(subscriptions, A, wanted=False)
    assert subscriptions.stated(Stated(topics=(B,)), 0) == [Tell(Unsubscribed(A))]
    assert list(subscriptions.on_wire) == [B]


def test_answers_to_commands_under_way_take_nothing_for_lost() -> None:
    subscriptions = make()
    want(subscriptions, A)
    want(subscriptions, B)
    want(subscriptions, A, wanted=False)
    for state in ((A,), (A, B), (B,)):
        effects = subscriptions.stated(Stated(topics=state), 0)
        assert not [effect for effect in effects if isinstance(effect, Lost)]
        assert sent(subscriptions.commands()) == []
    assert list(subscriptions.on_wire) == [B]


def test_what_the_answer_leaves_out_is_told_and_asked_for_with_growing_patience() -> None:
    subscriptions = make()
    want(subscriptions, A, B)
    now, waits = 0.0, []
    for _ in range(7):
        effects = subscriptions.stated(Stated(topics=(A,)), now)
        assert any(isinstance(e, Tell) and isinstance(e.status, ServerMessage) for e in effects)
        assert sent(subscriptions.commands()) == []
        assert subscriptions.deadline is not None
        waits.append(subscriptions.deadline - now)
        now = subscriptions.deadline
        assert after(subscriptions, now) == [("subscribe", {"trades": ["B"]})]
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    subscriptions.stated(Stated(topics=(A, B)), now)
    assert subscriptions.deadline is None
    assert list(subscriptions.on_wire) == [A, B]


def test_what_the_server_takes_away_is_a_gap_and_asked_for_at_once_the_first_time() -> None:
    subscriptions = make()
    want(subscriptions, A, B)
    subscriptions.stated(Stated(topics=(A, B)), 0)
    effects = subscriptions.stated(Stated(topics=(B,)), 5)
    assert Lost((A,), "resubscribed") in effects
    assert sent(subscriptions.commands()) == [("subscribe", {"trades": ["A"]})]
    subscriptions.stated(Stated(topics=(A, B)), 6)
    assert Lost((A,), "resubscribed") in subscriptions.stated(Stated(topics=(B,)), 7)
    assert sent(subscriptions.commands()) == []
    assert after(subscriptions, 8) == [("subscribe", {"trades": ["A"]})]


def test_what_is_not_wanted_is_given_up_again() -> None:
    subscriptions = make()
    want(subscriptions, A)
    subscriptions.stated(Stated(topics=(A, C)), 0)
    assert sent(subscriptions.commands()) == [("unsubscribe", {"trades": ["C"]})]
    subscriptions.stated(Stated(topics=(A, C)), 0)
    assert sent(subscriptions.commands()) == []
    assert after(subscriptions, 1) == [("unsubscribe", {"trades": ["C"]})]


def test_singles_under_a_wildcard_are_left_alone() -> None:
    subscriptions = make()
    want(subscriptions, EVERY, A)
    subscriptions.stated(Stated(topics=(EVERY,)), 0)
    subscriptions.stated(Stated(topics=(EVERY, A, B)), 0)
    assert sent(subscriptions.commands()) == []


def test_what_is_wanted_no_longer_is_not_asked_for_after_its_wait() -> None:
    subscriptions = make()
    want(subscriptions, A, B)
    subscriptions.stated(Stated(topics=(A,)), 0)
    assert want(subscriptions, B, wanted=False) == []
    assert after(subscriptions, 100) == []


def test_refusal_of_a_whole_command_ends_what_it_asked_for_and_nothing_else() -> None:
    subscriptions = make()
    want(subscriptions, A)
    want(subscriptions, B, C)
    want(subscriptions, Topic("quotes", "A"))
    subscriptions.stated(Stated(topics=(A,)), 0)
    effects = subscriptions.refused(TopicsRefused(LIMIT, whole=True), 0)
    assert [effect.topic for effect in effects if isinstance(effect, Refuse)] == [B, C]
    assert Tell(Refused(B, LIMIT)) in effects
    assert list(subscriptions.wanted) == [A, Topic("quotes", "A")]
    subscriptions.stated(Stated(topics=(A, Topic("quotes", "A"))), 0)
    assert sent(subscriptions.commands()) == []


def test_error_without_a_command_is_only_told() -> None:
    subscriptions = make()
    want(subscriptions, A)
    subscriptions.stated(Stated(topics=(A,)), 0)
    effects = subscriptions.refused(TopicsRefused("invalid syntax", whole=True), 0)
    assert effects == [Tell(ServerMessage("error", "invalid syntax"))]


def test_what_comes_with_the_trades_is_neither_asked_for_nor_missed() -> None:
    subscriptions = make()
    assert want(subscriptions, CORRECTIONS) == []
    assert want(subscriptions, A) == [("subscribe", {"trades": ["A"]})]
    assert subscriptions.stated(Stated(topics=(A,)), 0) == [Tell(Subscribed(A))]
    assert sent(subscriptions.commands()) == []
    assert want(subscriptions, CORRECTIONS, wanted=False) == []


def test_what_comes_with_the_trades_is_interrupted_with_them() -> None:
    subscriptions = make()
    want(subscriptions, CORRECTIONS, Topic("quotes", "A"))
    assert subscriptions.connection_lost() == (Topic("quotes", "A"),)
    want(subscriptions, A, B)
    subscriptions.stated(Stated(topics=(Topic("quotes", "A"), A, B)), 0)
    taken = subscriptions.stated(Stated(topics=(Topic("quotes", "A"), A)), 1)
    assert Lost((B, CORRECTIONS), "resubscribed") in taken
    assert set(subscriptions.connection_lost()) == {Topic("quotes", "A"), A, CORRECTIONS}
    want(subscriptions, A, B, wanted=False)
    assert subscriptions.connection_lost() == (Topic("quotes", "A"),)


def test_after_a_loss_everything_is_asked_for_anew() -> None:
    subscriptions = make()
    want(subscriptions, A, B)
    subscriptions.stated(Stated(topics=(A,)), 0)
    assert subscriptions.connection_lost() == (A,)
    assert subscriptions.deadline is None
    assert sent(subscriptions.commands()) == [("subscribe", {"trades": ["A", "B"]})]
    assert subscriptions.stated(Stated(topics=(A, B)), 0) == [Tell(Subscribed(A)), Tell(Subscribed(B))]


def test_single_acknowledgements_have_the_same_patience() -> None:
    subscriptions = Subscriptions(PolygonCodec("ws://x", StreamCluster.STOCKS, "key"))
    topic = Topic("T", "A")
    want_one = want(subscriptions, topic)
    assert want_one == [("subscribe", {"params": "T.A"})]
    now, waits = 0.0, []
    for _ in range(8):
        subscriptions.acknowledged(Acknowledged(topics=(topic,)), now)
        subscriptions.acknowledged(Acknowledged(topics=(topic,), active=False), now)
        again = sent(subscriptions.commands())
        due = subscriptions.deadline
        waits.append(0.0 if due is None else due - now)
        if due is not None:
            assert again == []
            now = due
            again = after(subscriptions, now)
        assert again == [("subscribe", {"params": "T.A"})]
    assert waits == [0, 1, 2, 4, 8, 16, 30, 30]


def test_patience_forgets_after_peace() -> None:
    patience = Patience()
    assert patience.note(A, 0, at_once=True)
    assert not patience.note(A, 1, at_once=True)
    assert patience.release(2) == [A]
    assert patience.note(A, 200, at_once=True)


@pytest.mark.parametrize("seed", range(60))
def test_wire_and_wishes_come_together_whatever_the_server_does(seed: int) -> None:
    """A server that forgets, adds and refuses for a while, and then behaves."""
    chance = random.Random(seed)
    subscriptions = make()
    server: set[Topic] = set()
    pending: list[tuple[str, dict[str, Any]]] = []
    refused: set[Topic] = set()
    wanted: set[Topic] = set()
    topics = (A, B, C, EVERY, Topic("quotes", "A"))
    now = 0.0
    for step in range(400):
        now += chance.uniform(0, 1)
        if step < 200 and chance.random() < 0.3:
            topic, is_wanted = chance.choice(topics), chance.random() < 0.6
            (wanted.add if is_wanted else wanted.discard)(topic)
            subscriptions.want({topic: is_wanted})
        effects = subscriptions.settle(now)
        pending += sent(subscriptions.commands())
        if pending and chance.random() < 0.7:
            action, lists = pending.pop(0)
            ((field, symbols),) = lists.items()
            named = {Topic(field, symbol) for symbol in symbols}
            if step < 200 and action == "subscribe" and chance.random() < 0.1:
                effects += subscriptions.refused(TopicsRefused("no", whole=True), now)
            else:
                server = server | named if action == "subscribe" else server - named
                if step < 200 and chance.random() < 0.3:
                    server ^= {chance.choice(topics)}
                effects += subscriptions.stated(Stated(topics=tuple(server)), now)
        for effect in effects:
            if isinstance(effect, Refuse):
                refused.add(effect.topic)
                wanted.discard(effect.topic)
    for _ in range(20):  # it behaves now: each wait ends, each command is obeyed
        now += 40
        subscriptions.settle(now)
        pending += sent(subscriptions.commands())
        while pending:
            action, lists = pending.pop(0)
            ((field, symbols),) = lists.items()
            named = {Topic(field, symbol) for symbol in symbols}
            server = server | named if action == "subscribe" else server - named
            subscriptions.stated(Stated(topics=tuple(server)), now)
            pending += sent(subscriptions.commands())
    covered = {topic for topic in wanted if topic.wildcard in wanted and not topic.is_wildcard}
    assert wanted - covered <= server
    assert {topic for topic in server if topic.wildcard not in wanted} <= wanted
