"""Wanted topics against those on the wire, and answers against questions."""

from __future__ import annotations

import orjson

from rxpolygon.connection.effects import Effect, Lost, Refuse, Send, Tell
from rxpolygon.connection.subscriptions import Subscriptions
from rxpolygon.status import Refused, ServerMessage, Subscribed
from rxpolygon.topics import Topic
from rxpolygon.venues.dialect import Acknowledged, TopicsRefused
from rxpolygon.venues.polygon.codec import PolygonCodec
from rxpolygon.venues.polygon.names import StreamCluster

A, B, C = Topic("T", "A"), Topic("T", "B"), Topic("T", "C")
EVERY = Topic("T", "*")
QUOTES = Topic("Q", "A")


def make() -> Subscriptions:
    return Subscriptions(PolygonCodec("ws://x", StreamCluster.STOCKS, "key"))


def sent(effects: list[Effect]) -> list[tuple[str, str]]:
    commands = [orjson.loads(effect.command) for effect in effects if isinstance(effect, Send)]
    return [(command["action"], command["params"]) for command in commands]


def want(subscriptions: Subscriptions, *topics: Topic, wanted: bool = True) -> list[tuple[str, str]]:
    subscriptions.want(dict.fromkeys(topics, wanted))
    return sent(subscriptions.commands())


def refused(effects: list[Effect]) -> list[Topic]:
    return [effect.topic for effect in effects if isinstance(effect, Refuse)]


def test_only_differences_are_sent() -> None:
    subscriptions = make()
    assert want(subscriptions, A, B) == [("subscribe", "T.A,T.B")]
    assert want(subscriptions, A) == []
    subscriptions.want({A: False})
    assert want(subscriptions, A) == []
    assert want(subscriptions, A, wanted=False) == [("unsubscribe", "T.A")]


def test_wildcard_covers_singles_while_it_is_wanted() -> None:
    subscriptions = make()
    want(subscriptions, A)
    assert want(subscriptions, EVERY) == [("subscribe", "T.*")]
    assert want(subscriptions, B) == []
    assert want(subscriptions, A, wanted=False) == []
    assert want(subscriptions, QUOTES) == [("subscribe", "Q.A")]


def test_wildcard_that_goes_leaves_no_single_without_data() -> None:
    subscriptions = make()
    want(subscriptions, A)
    want(subscriptions, EVERY)
    want(subscriptions, B)
    want(subscriptions, A, wanted=False)
    assert want(subscriptions, EVERY, wanted=False) == [("subscribe", "T.B"), ("unsubscribe", "T.*,T.A")]


def test_loss_asks_for_everything_wanted_again() -> None:
    subscriptions = make()
    want(subscriptions, A, B)
    subscriptions.want({B: False, C: True})
    assert subscriptions.connection_lost() == (A,)
    assert sent(subscriptions.commands()) == [("subscribe", "T.A,T.C")]


def test_acknowledgement_is_told() -> None:
    subscriptions = make()
    want(subscriptions, A)
    assert subscriptions.acknowledged(Acknowledged(topics=(A,))) == [Tell(Subscribed(A))]


def test_named_refusal_hits_only_what_it_names() -> None:
    subscriptions = make()
    want(subscriptions, A, B)
    effects = subscriptions.refused(TopicsRefused("no T.B", topics=(B,)), now=0)
    assert Tell(Refused(B, "no T.B")) in effects
    assert refused(effects) == [B]
    assert list(subscriptions.on_wire) == [A]
    assert want(subscriptions, B) == [("subscribe", "T.B")]


def test_refusal_without_a_name_is_whoever_is_left() -> None:
    subscriptions = make()
    want(subscriptions, A, B, C)
    assert refused(subscriptions.acknowledged(Acknowledged(topics=(A,)))) == []
    assert refused(subscriptions.refused(TopicsRefused("not authorized"), now=0)) == []
    assert refused(subscriptions.acknowledged(Acknowledged(topics=(C,)))) == [B]


def test_refusals_without_a_name_for_all_refuse_all() -> None:
    subscriptions = make()
    want(subscriptions, A, B)
    subscriptions.refused(TopicsRefused("not authorized"), now=0)
    assert refused(subscriptions.refused(TopicsRefused("not authorized"), now=0)) == [A, B]


def test_one_refusal_for_a_whole_command_settles_by_the_next_answer() -> None:
    subscriptions = make()
    want(subscriptions, A, B)
    want(subscriptions, QUOTES)
    subscriptions.refused(TopicsRefused("not authorized"), now=0)
    assert refused(subscriptions.acknowledged(Acknowledged(topics=(QUOTES,)))) == [A, B]


def test_one_refusal_for_a_whole_command_settles_by_time() -> None:
    subscriptions = make()
    want(subscriptions, A, B)
    subscriptions.refused(TopicsRefused("not authorized"), now=10)
    deadline = subscriptions.deadline
    assert deadline is not None
    assert refused(subscriptions.settle(deadline - 0.1)) == []
    assert refused(subscriptions.settle(deadline)) == [A, B]
    assert subscriptions.deadline is None


def test_error_that_answers_nothing_is_only_told() -> None:
    subscriptions = make()
    assert subscriptions.refused(TopicsRefused("odd"), now=0) == [Tell(ServerMessage("error", "odd"))]


def test_refused_wildcard_leaves_its_singles_to_themselves() -> None:
    subscriptions = make()
    want(subscriptions, EVERY, A)
    assert refused(subscriptions.refused(TopicsRefused("no"), now=0)) == [EVERY]
    assert sent(subscriptions.commands()) == [("subscribe", "T.A")]


def test_subscription_that_the_server_takes_away_is_asked_for_again() -> None:
    subscriptions = make()
    want(subscriptions, A)
    subscriptions.acknowledged(Acknowledged(topics=(A,)))
    effects = subscriptions.acknowledged(Acknowledged(topics=(A,), active=False))
    assert Lost((A,), "resubscribed") in effects
    assert sent(subscriptions.commands()) == [("subscribe", "T.A")]
