"""Who handles a symbol while handlers come and go."""

from __future__ import annotations

from reactivex.disposable import BooleanDisposable

from rxpolygon.alpaca.desk import Desk, Seat


def test_new_handler_has_what_nobody_has_and_nothing_of_others() -> None:
    """It is subscribed before it takes its symbols: a first event may come in between."""
    desk, first, second = Desk(), Seat(), Seat()
    assert desk.has(first, "AAPL")
    desk.take(first, ["AAPL"])
    assert desk.has(first, "AAPL")
    assert not desk.has(second, "AAPL")
    assert desk.has(second, "IBM")
    assert not desk.has(first, "IBM")


def test_handler_that_ended_before_it_took_its_symbols_leaves_them_to_the_star() -> None:
    desk, every, ended = Desk(), Seat(), Seat()
    desk.take(every, ["*"])
    desk.leave(ended)
    desk.take(ended, ["AAPL"])
    assert desk.has(every, "AAPL")
    assert not desk.has(ended, "AAPL")


def test_handler_without_symbols_is_unsubscribed_and_one_with_some_is_not() -> None:
    desk, first, second = Desk(), Seat(), Seat()
    first.subscription = subscription = BooleanDisposable()
    desk.take(first, ["AAPL", "IBM"])
    desk.take(second, ["AAPL"])
    assert not subscription.is_disposed
    desk.take(second, ["IBM"])
    assert subscription.is_disposed
