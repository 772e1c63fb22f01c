"""What ``subscribe_*`` means: hot Observables, and a wire that holds what is wanted."""

from __future__ import annotations

import threading

import pytest
import reactivex
from reactivex import Observable, abc
from reactivex import operators as ops
from reactivex.subject import Subject

from rxpolygon import operators as rxo
from rxpolygon.events import Trade
from rxpolygon.simulator import Simulator
from tests.client.support import (
    Connect,
    Recorder,
    commands,
    numbers,
    push_numbers,
    push_until,
    topics,
    trade,
    wait_for_topics,
)
from tests.support import PATIENCE, wait_for


def test_subscription_before_the_start_is_sent_once_logged_in(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL", "MSFT"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    push_numbers(server, 1, 2)
    trades.wait(2)
    assert [entry.action for entry in server.received] == ["auth", "subscribe"]
    assert numbers(trades) == [1, 2]


def test_subscription_after_the_start_is_sent_at_once(
    server: Simulator, connect: Connect, transport: str
) -> None:
    client = connect(server, transport=transport)
    client.start_stream_thread()
    wait_for(lambda: server.received)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    trades.wait()


def test_observers_of_one_observable_share_the_wire_and_get_everything(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server)
    source = client.subscribe_stock_trades(["AAPL"])
    first, second = Recorder.of(source), Recorder.of(source)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    second.wait()
    third = Recorder.of(source)  # hot: it gets what comes from now on
    push_numbers(server, 2)
    third.wait()
    assert [numbers(one) for one in (first, second, third)] == [[1, 2], [1, 2], [2]]
    assert first.values[0] is second.values[0]
    assert commands(server) == [("subscribe", "T.AAPL")]


def test_last_disposal_releases_the_wire_and_no_other(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    source = client.subscribe_stock_trades(["AAPL"])
    first, second = Recorder.of(source), Recorder.of(source)
    other = Recorder.of(client.subscribe_stock_trades(["AAPL", "MSFT"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    first.dispose()
    other.dispose()
    wait_for_topics(server, "T.AAPL")
    second.dispose()
    wait_for_topics(server)
    assert commands(server)[1:] == [("unsubscribe", "T.MSFT"), ("unsubscribe", "T.AAPL")]
    assert not first.is_over
    assert not second.is_over


def test_disposing_twice_changes_nothing(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    source = client.subscribe_stock_trades(["AAPL"])
    first, second = Recorder.of(source), Recorder.of(source)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    first.dispose()
    first.dispose()
    push_numbers(server, 1)
    second.wait()
    assert topics(server) == {"T.AAPL"}
    assert first.values == []


def test_observing_again_after_the_release_subscribes_again(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    source = client.subscribe_stock_trades(["AAPL"])
    client.start_stream_thread()
    for number in (1, 2):
        trades = Recorder.of(source)
        wait_for_topics(server, "T.AAPL")
        push_numbers(server, number)
        trades.wait()
        assert numbers(trades) == [number]
        trades.dispose()
        wait_for_topics(server)
    assert [action for action, _ in commands(server)] == ["subscribe", "unsubscribe"] * 2


def test_call_never_observed_holds_until_unsubscribed(server: Simulator, connect: Connect) -> None:
    seen: list[str] = []
    client = connect(server, on_message=seen.append)
    client.subscribe_stock_trades(["AAPL"])
    observed = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    observed.dispose()
    push_numbers(server, 1)
    wait_for(lambda: any('"q":1' in text for text in seen))
    assert topics(server) == {"T.AAPL"}
    client.unsubscribe_stock_trades(["AAPL"])
    wait_for_topics(server)


def test_call_observed_late_takes_over_the_hold(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    source = client.subscribe_stock_trades(["AAPL"])
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    trades = Recorder.of(source)
    push_numbers(server, 1)
    trades.wait()
    trades.dispose()
    wait_for_topics(server)
    assert commands(server) == [("subscribe", "T.AAPL"), ("unsubscribe", "T.AAPL")]


def test_unsubscribe_completes_every_observable_of_the_symbol(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    two = [Recorder.of(client.subscribe_stock_trades(["AAPL"])) for _ in range(2)]
    quotes = Recorder.of(client.subscribe_stock_quotes(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "Q.AAPL")
    client.unsubscribe_stock_trades(["AAPL"])
    assert [one.wait_for_end() for one in two] == [None, None]
    wait_for_topics(server, "Q.AAPL")
    assert not quotes.is_over
    assert all(thread.endswith("dispatch") for one in two for thread in one.threads)


def test_unsubscribe_of_a_part_leaves_the_rest(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL", "MSFT"]))
    single = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    client.unsubscribe_stock_trades(["AAPL", "IBM"])
    assert single.wait_for_end() is None
    wait_for_topics(server, "T.MSFT")
    push_numbers(server, 2, symbol="MSFT")
    trades.wait()
    assert not trades.is_over
    client.unsubscribe_stock_trades(["MSFT"])
    assert trades.wait_for_end() is None
    wait_for_topics(server)


def test_unsubscribe_of_a_part_before_the_first_observer_leaves_no_hold_behind(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server)
    source = client.subscribe_stock_trades(["AAPL", "MSFT"])
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    client.unsubscribe_stock_trades(["AAPL"])
    wait_for_topics(server, "T.MSFT")
    trades = Recorder.of(source)
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    trades.dispose()
    wait_for_topics(server)


@pytest.mark.parametrize("symbols", [None, "*", []])
def test_unsubscribe_of_everything_completes_the_channel_only(
    server: Simulator, connect: Connect, symbols: str | list[str] | None
) -> None:
    client = connect(server)
    every = Recorder.of(client.subscribe_stock_trades())
    single = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.subscribe_stock_trades(["IBM"])
    quotes = Recorder.of(client.subscribe_stock_quotes(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.*", "Q.AAPL")
    client.unsubscribe_stock_trades(symbols)
    assert every.wait_for_end() is None
    assert single.wait_for_end() is None
    wait_for_topics(server, "Q.AAPL")
    assert not quotes.is_over


def test_unsubscribe_of_what_nobody_asked_for_changes_nothing(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    nothing = Recorder.of(client.subscribe_stock_trades("Q.IBM"))  # it asks for quotes only
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "Q.IBM")
    client.unsubscribe_stock_trades(["MSFT"])
    client.unsubscribe_stock_imbalances()
    push_numbers(server, 1)
    trades.wait()
    assert not trades.is_over
    assert not nothing.is_over
    assert [action for action, _ in commands(server)] == ["subscribe", "subscribe"]


def test_unsubscribe_before_the_start_completes_and_sends_nothing(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    kept = Recorder.of(client.subscribe_stock_trades(["MSFT"]))
    client.unsubscribe_stock_trades(["AAPL"])
    assert trades.wait_for_end() is None
    client.start_stream_thread()
    wait_for_topics(server, "T.MSFT")
    push_numbers(server, 1, symbol="MSFT")
    kept.wait()
    assert commands(server) == [("subscribe", "T.MSFT")]


def test_disposed_observer_hears_of_no_completion(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    later = Recorder.of(client.subscribe_stock_trades(["MSFT"]))
    completed: list[str] = []

    def on_completed() -> None:
        completed.append("first")
        later.dispose()

    def dispose_all(event: Trade) -> None:
        client.unsubscribe_stock_trades(["AAPL", "MSFT"])  # the completion comes after this call
        gone.dispose()

    source = client.subscribe_stock_trades(["AAPL"])
    first = source.subscribe(dispose_all, on_completed=on_completed)
    gone = Recorder.of(source)
    marker = Recorder.of(client.subscribe_stock_trades(["IBM"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MSFT", "T.IBM")
    push_numbers(server, 1)
    push_numbers(server, 2, symbol="IBM")
    marker.wait()
    wait_for(lambda: completed)
    client.close_stream(PATIENCE)  # after which nothing can come any more
    assert marker.is_over
    assert not gone.is_over
    assert not later.is_over
    first.dispose()


def test_wildcard_covers_single_symbols_on_the_wire(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    every = Recorder.of(client.subscribe_stock_trades())
    single = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.*")
    server.push("stocks", [trade("AAPL", 1), trade("MSFT", 2)])
    every.wait(2)
    assert [numbers(every), numbers(single)] == [[1, 2], [1]]
    every.dispose()
    wait_for_topics(server, "T.AAPL")
    server.push("stocks", [trade("MSFT", 3), trade("AAPL", 4)])
    single.wait(2)
    assert [numbers(every), numbers(single)] == [[1, 2], [1, 4]]


def test_wildcard_after_single_symbols_gives_each_event_once(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    single = Recorder.of(client.subscribe_stock_trades(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    every = Recorder.of(client.subscribe_stock_trades())
    wait_for(lambda: "T.*" in topics(server))
    single.dispose()
    push_numbers(server, 1)
    push_numbers(server, 2, symbol="MSFT")
    every.wait(2)
    assert numbers(every) == [1, 2]
    every.dispose()
    wait_for_topics(server)


def test_wildcard_of_one_channel_leaves_others_alone(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    client.subscribe_stock_second_aggregates()
    minutes = Recorder.of(client.subscribe_stock_minute_aggregates(["AAPL"]))
    client.start_stream_thread()
    wait_for_topics(server, "A.*", "AM.AAPL")
    client.unsubscribe_stock_second_aggregates()
    wait_for_topics(server, "AM.AAPL")
    assert not minutes.is_over


def test_thousands_of_symbols_go_out_in_chunks_and_arrive(
    server: Simulator, connect: Connect, transport: str
) -> None:
    names = [f"SYM{number:04}" for number in range(5_000)]
    client = connect(server, transport=transport)
    trades = Recorder.of(client.subscribe_stock_trades(names))
    client.start_stream_thread()
    wait_for_topics(server, *(f"T.{name}" for name in names))
    sent = [params.split(",") for _, params in commands(server)]
    assert [topic for part in sent for topic in part] == [f"T.{name}" for name in names]
    assert len(sent) > 1
    assert max(len(",".join(part)) for part in sent) <= 16_384
    server.push("stocks", [trade(name, number) for number, name in enumerate(names)])
    trades.wait(5_000)
    assert numbers(trades) == list(range(5_000))
    trades.dispose()
    wait_for_topics(server)


def test_thousands_of_observers_each_get_their_symbol(server: Simulator, connect: Connect) -> None:
    names = [f"SYM{number:04}" for number in range(2_000)]
    client = connect(server)
    recorders = [Recorder.of(client.subscribe_stock_trades([name])) for name in names]
    client.start_stream_thread()
    wait_for_topics(server, *(f"T.{name}" for name in names))
    server.push("stocks", [trade(name, number) for number, name in enumerate(names)])
    recorders[-1].wait()
    assert [numbers(one) for one in recorders] == [[number] for number in range(2_000)]
    client.close_stream()
    assert all(one.completions == 1 for one in recorders)


def test_subscribing_in_on_next_gets_the_events_that_follow(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    nested: list[Recorder[Trade]] = []

    def subscribe_more(event: Trade) -> None:
        if not nested:
            nested.append(Recorder.of(client.subscribe_stock_trades(["AAPL"])))
            nested.append(Recorder.of(client.subscribe_stock_trades(["MSFT"])))

    client.subscribe_stock_trades(["AAPL"]).subscribe(subscribe_more)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    wait_for(lambda: len(nested) == 2)
    push_numbers(server, 2)
    push_numbers(server, 3, symbol="MSFT")
    nested[1].wait()
    assert [numbers(one) for one in nested] == [[2], [3]]


def test_disposing_itself_in_on_next_gets_nothing_more(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    seen: list[int | None] = []
    subscriptions: list[abc.DisposableBase] = []

    def once(event: Trade) -> None:
        seen.append(event.sequence_number)
        subscriptions[0].dispose()

    subscriptions.append(client.subscribe_stock_trades(["AAPL"]).subscribe(once))
    marker = Recorder.of(client.subscribe_stock_trades(["MSFT"]))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    server.push("stocks", [trade("AAPL", 1), trade("AAPL", 2), trade("MSFT", 3)])
    marker.wait()
    assert seen == [1]
    wait_for_topics(server, "T.MSFT")


def test_observer_that_disposes_another_spares_it_the_event(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    source = client.subscribe_stock_trades(["AAPL"])
    victims: list[Recorder[Trade]] = []
    source.subscribe(lambda event: victims[0].dispose())
    victims.append(Recorder.of(source))
    last = Recorder.of(source)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    last.wait()
    assert victims[0].values == []


def test_unsubscribing_in_on_next_completes_after_the_events_at_hand(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server)
    source = client.subscribe_stock_trades(["AAPL"])
    source.subscribe(lambda event: client.unsubscribe_stock_trades(["AAPL"]))
    later = Recorder.of(source)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    assert later.wait_for_end() is None
    wait_for_topics(server)


def test_repeat_subscribes_again_after_an_unsubscribe(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    source = client.subscribe_stock_trades(["AAPL"])
    trades = Recorder.of(source.pipe(ops.repeat()))
    client.start_stream_thread()
    for _ in range(3):
        seen = len(trades.values)
        push_until(server, lambda seen=seen: len(trades.values) > seen)  # type: ignore[misc]
        client.unsubscribe_stock_trades(["AAPL"])
    assert not trades.is_over


def test_endless_repeat_and_retry_let_the_stream_close(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    Recorder.of(client.subscribe_stock_trades(["AAPL"]).pipe(ops.repeat()))
    Recorder.of(client.subscribe_stock_trades(["AAPL"]).pipe(ops.repeat(), ops.retry()))
    Recorder.of(client.events.pipe(ops.repeat()))
    Recorder.of(client.messages.pipe(ops.repeat()))
    Recorder.of(client.status.pipe(ops.repeat()))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    client.close_stream(PATIENCE)
    assert not client.is_streaming


def test_endless_retry_lets_the_stream_end_by_an_error(server: Simulator, connect: Connect) -> None:
    client = connect(server, reconnect=None)
    Recorder.of(client.subscribe_stock_trades(["AAPL"]).pipe(ops.retry()))
    Recorder.of(client.events.pipe(ops.retry()))
    limited = Recorder.of(client.subscribe_stock_trades(["AAPL"]).pipe(ops.retry(3)))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.drop_connections()
    assert type(limited.wait_for_end()).__name__ == "ConnectionLostError"
    wait_for(lambda: not client.is_streaming)


def test_retry_subscribes_again_after_an_exception(server: Simulator, connect: Connect) -> None:
    client = connect(server)

    def picky(event: Trade) -> int:
        if event.sequence_number == 2:
            raise ValueError("two")
        return event.sequence_number or 0

    source: Observable[int] = client.subscribe_stock_trades(["AAPL"]).pipe(ops.map(picky), ops.retry())
    seen = Recorder.of(source)
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.push("stocks", [trade("AAPL", 1), trade("AAPL", 2), trade("AAPL", 3)])
    seen.wait(2)
    assert seen.values == [1, 3]
    assert not seen.is_over
    push_numbers(server, 4)
    wait_for(lambda: topics(server) == {"T.AAPL"})


def test_switch_latest_moves_the_wire_to_the_newest(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    choice: Subject[str] = Subject()

    def subscribe(name: str) -> Observable[Trade]:
        return client.subscribe_stock_trades([name])

    trades: Recorder[Trade] = Recorder.of(choice.pipe(ops.map(subscribe), ops.switch_latest()))
    client.start_stream_thread()
    choice.on_next("AAPL")
    wait_for_topics(server, "T.AAPL")
    choice.on_next("MSFT")
    wait_for_topics(server, "T.MSFT")
    server.push("stocks", [trade("AAPL", 1), trade("MSFT", 2)])
    trades.wait()
    assert numbers(trades) == [2]
    trades.dispose()
    wait_for_topics(server)


def test_concat_goes_on_to_the_second_when_the_first_is_unsubscribed(
    server: Simulator, connect: Connect
) -> None:
    client = connect(server)
    first, second = client.subscribe_stock_trades(["AAPL"]), client.subscribe_stock_trades(["MSFT"])
    trades: Recorder[Trade] = Recorder.of(reactivex.concat(first, second))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    client.unsubscribe_stock_trades(["AAPL"])
    push_numbers(server, 1, symbol="AAPL")
    wait_for(lambda: topics(server) == {"T.MSFT"})
    push_until(server, lambda: bool(trades.values), symbol="MSFT")
    client.close_stream()
    assert trades.wait_for_end() is None
    assert {event.symbol for event in trades.values} == {"MSFT"}


def test_take_releases_the_wire_by_itself(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    trades = Recorder.of(client.subscribe_stock_trades(["AAPL"]).pipe(ops.take(2)))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    server.push("stocks", [trade("AAPL", number) for number in (1, 2, 3)])
    assert trades.wait_for_end() is None
    assert numbers(trades) == [1, 2]
    wait_for_topics(server)


def test_merge_of_two_channels_keeps_the_order_of_the_wire(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    both: Recorder[object] = Recorder.of(
        reactivex.merge(client.subscribe_stock_trades(["AAPL"]), client.subscribe_stock_quotes(["AAPL"]))
    )
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "Q.AAPL")
    quote = {"ev": "Q", "sym": "AAPL", "bp": 1, "ap": 2}
    server.push("stocks", [trade(), quote, trade(), quote])
    both.wait(4)
    assert [type(event).__name__ for event in both.values] == ["Trade", "Quote"] * 2


def test_observers_of_one_observable_are_called_in_the_order_in_which_they_began(
    server: Simulator, connect: Connect
) -> None:
    """So the bar that a trade ends is there before the trade: no trade is held against its own minute."""
    client = connect(server)
    trades = client.subscribe_stock_trades(["AAPL", "MSFT"])
    seconds = trades.pipe(rxo.time_bars("1s"))
    held: Recorder[tuple[Trade, rxo.Bar]] = Recorder.of(trades.pipe(ops.with_latest_from(seconds)))
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL", "T.MSFT")
    server.push(
        "stocks", [trade(symbol, 300 * number) for number in range(20) for symbol in ("AAPL", "MSFT")]
    )
    held.wait(32)  # from the one on that ends the first second
    assert [it.timestamp // 1_000 - bar.end // 1_000 for it, bar in held.values] == [0] * 32


def test_observer_object_gets_all_three_signals(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    recorder: Recorder[Trade] = Recorder()
    client.subscribe_stock_trades(["AAPL"]).subscribe(recorder)  # type: ignore[arg-type]  # RxPY takes any such object
    client.start_stream_thread()
    wait_for_topics(server, "T.AAPL")
    push_numbers(server, 1)
    recorder.wait()
    client.close_stream()
    assert recorder.completions == 1


def test_blocking_run_gives_the_first_event(server: Simulator, connect: Connect) -> None:
    client = connect(server)
    client.start_stream_thread()

    def push_when_subscribed() -> None:
        wait_for_topics(server, "T.AAPL")
        push_numbers(server, 1)

    pusher = threading.Thread(target=push_when_subscribed)
    pusher.start()
    trade_seen = client.subscribe_stock_trades(["AAPL"]).pipe(ops.first()).run()
    pusher.join()
    assert trade_seen.sequence_number == 1
    wait_for_topics(server)
