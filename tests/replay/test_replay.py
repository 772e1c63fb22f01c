"""Replays: order, time, ends, and the same results at every speed."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import reactivex
from reactivex import Observable, abc
from reactivex import operators as ops

import rxpolygon.operators as rxo
from rxpolygon import ReplayClient, StreamClient, errors, status
from rxpolygon.recording import read_frames
from rxpolygon.replay import ReplayProgress
from rxpolygon.replay import streams as replay_streams
from rxpolygon.simulator import Simulator
from rxpolygon.streams import MarketStreams
from tests.client.support import wait_for_topics
from tests.replay.support import NOW, line, numbers, quote, trade, write_recording
from tests.support import PATIENCE, wait_for


@pytest.fixture
def minute(tmp_path: Path) -> Path:
    """A trade each 10 ms for two seconds, with quotes between."""
    lines = []
    for number in range(200):
        at = number / 100
        lines.append(line(at, trade("AB"[number % 2], number, at), quote("A", number, at)))
    return write_recording(tmp_path / "minute.jsonl", lines)


def number_of(event: Any) -> int:
    return int(event.sequence_number)


def late_name(event: Any) -> str:
    return f"late {event.sequence_number}"


def symbol_of(event: Any) -> str:
    return str(event.symbol)


def sizes_each_second(group: Observable[Any]) -> Observable[int]:
    return group.pipe(ops.buffer_with_time(1.0), ops.map(len))


def results(client: MarketStreams) -> dict[str, list[Any]]:
    """A pipeline with every kind of timer; filled while the client runs."""
    trades = client.subscribe_stock_trades()
    found: dict[str, list[Any]] = {name: [] for name in ("bars", "buffers", "slow", "quiet", "sampled")}
    trades.pipe(rxo.time_bars("1s")).subscribe(found["bars"].append)
    trades.pipe(ops.buffer_with_time(0.25), ops.map(numbers)).subscribe(found["buffers"].append)
    trades.pipe(ops.throttle_first(0.105), ops.map(number_of)).subscribe(found["slow"].append)
    trades.throttle_with_timeout(0.005).subscribe(lambda event: found["quiet"].append(event.sequence_number))
    trades.sample(0.5).subscribe(lambda event: found["sampled"].append(event.sequence_number))
    return found


def replayed(path: Path, speed: Any, **options: Any) -> dict[str, list[Any]]:
    client = ReplayClient(path, "stocks", speed, **options)
    found = results(client)
    client.run()
    return found


def test_replay_at_every_speed_gives_the_same(minute: Path) -> None:
    at_most = replayed(minute, "max")
    assert replayed(minute, "max") == at_most
    assert replayed(minute, 1_000) == at_most
    assert replayed(minute, 20) == at_most
    assert [len(buffer) for buffer in at_most["buffers"]][:7] == [25] * 7
    assert at_most["slow"][:3] == [0, 11, 22]
    assert at_most["quiet"] == [*range(200)]
    assert at_most["sampled"] == [49, 99, 149]
    assert len(at_most["bars"]) == 4


def test_replay_at_speed_one_gives_the_same_in_its_own_time(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.jsonl", [line(n / 20, trade(number=n, at=n / 20)) for n in range(7)])
    assert replayed(path, 1) == replayed(path, "max")


def test_replay_equals_live(minute: Path) -> None:
    live: list[Any] = []
    with Simulator(market=False) as server, StreamClient("demo", host=server.url) as client:
        client.subscribe_stock_trades(["A"]).subscribe(live.append)
        client.subscribe_stock_quotes(["A"]).subscribe(live.append)
        wait_for_topics(server, "T.A", "Q.A")
        for _, frame in read_frames(minute):
            server.push("stocks", orjson.loads(frame))
        wait_for(lambda: len(live) == 300)
    again: list[Any] = []
    replay = ReplayClient(minute, "stocks", "max")
    replay.subscribe_stock_trades(["A"]).subscribe(again.append)
    replay.subscribe_stock_quotes(["A"]).subscribe(again.append)
    replay.run()
    assert again == live
    assert len(again) == 300


def test_timers_run_before_the_frame_at_their_own_time(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.jsonl", [line(0, trade(number=0)), line(10, trade(number=1, at=10))])
    client = ReplayClient(path, "stocks", "max")
    told: list[tuple[float, object]] = []

    def tell(what: object) -> None:
        told.append((round(client.scheduler.now.timestamp() - NOW / 1_000, 3), what))

    trades = client.subscribe_stock_trades()
    trades.pipe(ops.map(number_of)).subscribe(tell)
    trades.pipe(ops.delay(2.5), ops.map(late_name)).subscribe(tell)
    trades.pipe(rxo.time_bars("1s"), ops.map(lambda bar: "bar")).subscribe(tell)
    client.run()
    assert told[0] == (0, 0)
    assert (2.5, "late 0") in told
    assert told[-2] == (10, 1)
    bar_times = [at for at, what in told if what == "bar"]
    assert 1 <= bar_times[0] < 10  # by the silence timer, long before the next frame
    assert "late 1" not in [what for _, what in told]  # due after the last frame


def test_group_and_connectable_pipelines_take_the_recordings_time(minute: Path) -> None:
    client = ReplayClient(minute, "stocks", "max")
    sizes: list[int] = []
    shared = client.subscribe_stock_trades().pipe(ops.publish())
    shared.pipe(ops.buffer_with_time(1.0), ops.map(len)).subscribe(sizes.append)
    shared.connect()
    grouped: list[int] = []
    client.subscribe_stock_trades().pipe(
        ops.group_by(lambda event: event.symbol),
        ops.flat_map(sizes_each_second),
    ).subscribe(grouped.append)
    client.run()
    assert sizes == [100, 100]
    assert sorted(grouped) == [50, 50, 50, 50]


@pytest.mark.parametrize(
    "nesting",
    [
        ops.group_by(symbol_of),
        ops.group_by_until(symbol_of, None, lambda group: group.pipe(ops.skip(1_000))),
        ops.window_with_count(50),
        ops.window_with_time(0.5),
        ops.window_with_time_or_count(0.5, 1_000),
        ops.window(reactivex.interval(0.5)),
        ops.window_when(lambda: reactivex.timer(0.5)),
    ],
    ids=["group_by", "group_by_until", "count", "time", "time or count", "boundaries", "when"],
)
def test_inner_streams_that_a_subscriber_observes_take_the_recordings_time(
    minute: Path, nesting: Any
) -> None:
    before = set(threading.enumerate())
    client = ReplayClient(minute, "stocks", "max")
    sizes: list[int] = []
    keys: list[str] = []

    def observe(inner: Any) -> None:
        inner.pipe(ops.buffer_with_time(0.1), ops.map(len)).subscribe(sizes.append)
        inner.timestamp().subscribe(lambda stamped: keys.append(f"{stamped.timestamp:%Y-%m-%d}"))
        assert getattr(inner, "key", "A") in "AB"

    client.subscribe_stock_trades().pipe(nesting).subscribe(observe)
    client.run()
    assert sum(sizes) == 200
    assert max(sizes) <= 10
    assert set(keys) == {"2023-11-14"}
    assert set(threading.enumerate()) <= before


def test_merge_made_outside_takes_the_time_when_told(minute: Path) -> None:
    client = ReplayClient(minute, "stocks", "max")
    both = reactivex.merge(client.subscribe_stock_trades(), client.subscribe_stock_quotes())
    sizes: list[int] = []
    client.on_virtual_time(both).pipe(ops.buffer_with_time(1.0), ops.map(len)).subscribe(sizes.append)
    client.run()
    assert sizes == [200, 200]


def test_recordings_merge_by_time_and_the_first_named_is_first(tmp_path: Path) -> None:
    one = write_recording(tmp_path / "a.jsonl", [line(n, trade(number=n)) for n in (0, 2, 4)])
    two = write_recording(tmp_path / "b.jsonl.gz", [line(n, trade(number=10 + n)) for n in (1, 2, 3, 9)])
    client = ReplayClient([one, two], "stocks", "max")
    seen: list[int | None] = []
    client.subscribe_stock_trades().subscribe(lambda event: seen.append(event.sequence_number))
    client.run()
    assert seen == [0, 11, 2, 12, 13, 4, 19]


def test_replay_beside_another_shares_its_clock(tmp_path: Path) -> None:
    stocks = write_recording(tmp_path / "s.jsonl", [line(n, trade("AAPL", n)) for n in (0, 2)])
    options = write_recording(
        tmp_path / "o.jsonl", [line(n, trade("O:SPY241220P00720000", n)) for n in (1, 3)]
    )
    first = ReplayClient(stocks, "stocks", "max")
    second = ReplayClient(options, "options", beside=first)
    seen: list[int | None] = []
    first.subscribe_stock_trades().subscribe(lambda event: seen.append(event.sequence_number))
    second.subscribe_option_trades().subscribe(lambda event: seen.append(event.sequence_number))
    second.run()
    assert seen == [0, 1, 2, 3]
    assert first.scheduler is second.scheduler


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NOW + 1_000, NOW + 1_500),
        ("2023-11-14T22:14:01Z", "2023-11-14T22:14:01.5+00:00"),
        (
            datetime(2023, 11, 14, 22, 14, 1, tzinfo=UTC),
            datetime(2023, 11, 14, 22, 14, 1, 500_000, tzinfo=UTC),
        ),
    ],
)
def test_start_and_end_cut_the_recording(minute: Path, start: Any, end: Any) -> None:
    client = ReplayClient(minute, "stocks", "max", start=start, end=end)
    seen: list[int] = []
    assert client.scheduler.now == datetime(2023, 11, 14, 22, 14, 1, tzinfo=UTC)
    client.subscribe_stock_trades().subscribe(lambda event: seen.append(event.sequence_number or 0))
    client.run()
    assert seen == [*range(100, 150)]


@pytest.mark.parametrize(
    "end", ["2262-04-11T23:47:17Z", "9999-12-31T23:59:59Z", datetime.max.replace(tzinfo=UTC)]
)
def test_end_beyond_all_time_ends_with_the_recording(minute: Path, end: Any) -> None:
    client = ReplayClient(minute, "stocks", "max", end=end)
    seen: list[int] = []

    def take(event: Any) -> None:
        seen.append(event.sequence_number)
        if len(seen) > 200:
            client.close_stream()  # it would go on for ever

    client.subscribe_stock_trades().subscribe(take)
    client.run()
    assert seen == [*range(200)]


def test_end_before_1970_is_before_every_start(minute: Path) -> None:
    with pytest.raises(errors.InvalidArgumentError, match="later than start"):
        ReplayClient(minute, end="1969-12-31T23:59:59.5Z")


def test_wrong_arguments_raise_at_the_call(minute: Path) -> None:
    with pytest.raises(errors.InvalidArgumentError, match="speed"):
        ReplayClient(minute, speed="fast")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(errors.InvalidArgumentError, match="time zone"):
        ReplayClient(minute, start=datetime(2023, 11, 14))
    with pytest.raises(errors.InvalidArgumentError, match="later than start"):
        ReplayClient(minute, start=NOW, end=NOW)
    with pytest.raises(errors.InvalidTypeError, match="paths"):
        ReplayClient(7)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(errors.WrongClusterError):
        ReplayClient(minute, "stocks").subscribe_crypto_trades()


def test_statuses_and_handlers_are_those_of_a_client(minute: Path) -> None:
    told: list[object] = []
    frames: list[str] = []
    client = ReplayClient(
        minute, "stocks", "max", on_message=frames.append, on_close=lambda code, reason: told.append(code)
    )
    client.status.subscribe(lambda value: told.append(type(value)))
    raw: list[bytes] = []
    client.messages.subscribe(raw.append)
    client.run()
    assert told == [
        status.Idle,
        status.Connected,
        status.Authenticated,
        1000,
        status.Disconnected,
        status.Closed,
    ]
    assert [text.encode() for text in frames] == raw
    assert (client.stats.frames, client.stats.events, client.stats.lag) == (200, 400, 0.0)


def test_replay_in_a_thread_can_be_waited_for_closed_and_started_again(minute: Path) -> None:
    client = ReplayClient(minute, "stocks", "max")
    first: list[Any] = []
    second: list[Any] = []
    client.subscribe_stock_trades().subscribe(first.append)
    with client:
        assert client.wait_finished(PATIENCE)
    client.subscribe_stock_trades().subscribe(second.append)
    client.start_stream_thread()
    assert client.wait_finished(PATIENCE)
    assert second == first
    assert len(first) == 200


def test_close_from_an_observer_ends_at_once(minute: Path) -> None:
    client = ReplayClient(minute, "stocks", "max")
    seen: list[object] = []
    done: list[bool] = []

    def close(event: object) -> None:
        seen.append(event)
        client.close_stream()

    client.subscribe_stock_trades().subscribe(close, on_completed=lambda: done.append(True))
    client.run()
    assert (len(seen), done) == (1, [True])


def test_close_ends_a_slow_replay_at_once(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.jsonl", [line(0, trade()), line(3_600, trade(at=3_600))])
    client = ReplayClient(path, "stocks", 1)
    came, done = threading.Event(), threading.Event()
    client.subscribe_stock_trades().subscribe(lambda _: came.set(), on_completed=done.set)
    with client:
        assert came.wait(PATIENCE)
        with pytest.raises(errors.UsageError, match=r"run\(\) cannot start a replay that runs already"):
            client.run()
        client.close_stream(PATIENCE)
    assert done.is_set()
    assert not client.is_streaming


def test_first_of_a_pipeline_runs_to_its_value(minute: Path) -> None:
    client = ReplayClient(minute, "stocks", 100)

    bars = client.subscribe_stock_trades(["A"]).pipe(rxo.time_bars("1s"))

    def observe_and_start(
        observer: abc.ObserverBase[rxo.Bar], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        observation = bars.subscribe(observer, scheduler=scheduler)
        client.start_stream_thread()
        return observation

    assert client.on_virtual_time(reactivex.create(observe_and_start)).first().run().symbol == "A"
    client.close_stream()


def test_raw_data_gives_the_wires_dicts(minute: Path) -> None:
    client = ReplayClient(minute, "stocks", "max", raw_data=True)
    seen: list[Any] = []
    client.subscribe_stock_trades(["B"]).subscribe(seen.append)
    client.run()
    assert seen[0] == trade("B", 1, 0.01)
    assert len(seen) == 100


def test_observer_that_raises_hurts_nobody(minute: Path) -> None:
    client = ReplayClient(minute, "stocks", "max")
    problems: list[Exception] = []
    seen: list[object] = []

    def fail(event: object) -> None:
        raise ValueError("mine")

    client.subscribe_stock_trades().subscribe(fail, problems.append)
    client.subscribe_stock_trades().subscribe(seen.append)
    client.run()
    assert [str(problem) for problem in problems] == ["mine"]
    assert len(seen) == 200


def test_observer_that_comes_in_the_middle_gets_the_rest(minute: Path) -> None:
    client = ReplayClient(minute, "stocks", "max")
    late: list[int] = []

    def look(event: Any) -> None:
        if event.sequence_number == 10:
            client.subscribe_stock_quotes().subscribe(lambda quote: late.append(quote.sequence_number or 0))
            client.events.subscribe(all_events.append)

    all_events: list[Any] = []
    client.subscribe_stock_trades().subscribe(look)
    client.run()
    assert late == [*range(10, 200)]
    assert len(all_events) == 2 * 189


def test_progress_reaches_the_end(minute: Path) -> None:
    client = ReplayClient(minute, "stocks", "max")
    told: list[ReplayProgress] = []
    client.progress.subscribe(told.append)
    client.status.subscribe()
    client.run()
    last = told[-1]
    assert (last.share, last.is_over, last.frames) == (1.0, True, 200)
    assert last.total_bytes == minute.stat().st_size
    assert last.time == datetime(2023, 11, 14, 22, 14, 1, 990_000, tzinfo=UTC)


def test_end_cuts_every_one_of_several_recordings(tmp_path: Path) -> None:
    first = write_recording(tmp_path / "a.jsonl", [line(n, trade("A", n, n)) for n in range(6)])
    second = write_recording(tmp_path / "b.jsonl", [line(n, trade("B", n, n)) for n in range(2)])
    client = ReplayClient([first, second], "stocks", "max", end=NOW + 3_000)
    seen: list[tuple[str, int]] = []
    client.subscribe_stock_trades().subscribe(
        lambda event: seen.append((event.symbol, event.sequence_number or 0))
    )
    client.run()
    assert seen == [("A", 0), ("B", 0), ("A", 1), ("B", 1), ("A", 2)]


def test_statuses_of_a_recording_are_no_events_wherever_they_stand(tmp_path: Path) -> None:
    said = b'[%d,[{"ev":"status","status":"success","message":"subscribed to: T.A"}]]\n'
    lines = [said % (NOW * 1_000_000), line(1, trade(at=1)), line(2, trade(at=2), quote(at=2))]
    path = write_recording(tmp_path / "a.jsonl", [*lines, said % ((NOW + 3_000) * 1_000_000)])
    client = ReplayClient(path, "stocks", "max")
    client.subscribe_stock_trades().subscribe()
    client.run()
    assert (client.stats.frames, client.stats.events) == (4, 3)
    assert client.stats.last_event_time == datetime(2023, 11, 14, 22, 14, 2, tzinfo=UTC)


def test_progress_is_told_before_a_wait(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.jsonl", [line(0, trade()), line(3_600, trade(at=3_600))])
    client = ReplayClient(path, "stocks", 1)
    told: list[ReplayProgress] = []
    client.progress.subscribe(told.append)
    with client:
        wait_for(lambda: [progress.frames for progress in told] == [1])
        client.close_stream(PATIENCE)
    assert [progress.is_over for progress in told] == [False, True]


def test_wait_that_is_ended_tells_no_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_streams, "_PROGRESS_SECONDS", 0.0)  # the wait was a long one
    path = write_recording(tmp_path / "a.jsonl", [line(0, trade()), line(3_600, trade(at=3_600))])
    client = ReplayClient(path, "stocks", 1)
    told: list[ReplayProgress] = []
    client.progress.subscribe(told.append)
    with client:
        wait_for(lambda: told)
        client.close_stream(PATIENCE)
    assert [(progress.frames, progress.is_over) for progress in told] == [(1, False), (1, True)]


def test_progress_bar_shows_the_files_share_and_the_recordings_time(
    minute: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = ReplayClient(minute, "stocks", "max", show_progress=True)
    client.status.subscribe()
    for _ in range(2):
        client.run()
        shown = capsys.readouterr()
        assert shown.out == ""
        assert "100%" in shown.err
        assert "2023-11-14 22:14:01 UTC" in shown.err


def test_progress_bar_of_a_broken_file_stops_where_it_breaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_recording(tmp_path / "a.jsonl", [line(0, trade()), b"{}\n"])
    client = ReplayClient(path, "stocks", "max", show_progress=True)
    client.subscribe_stock_trades().subscribe(on_error=lambda error: None)
    with pytest.raises(errors.RecordingError, match="line 2"):
        client.run()
    assert "2023-11-14 22:14:00 UTC" in capsys.readouterr().err


def test_progress_bar_without_its_package_says_what_to_install(
    minute: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(errors.MissingPackageError, match=r"rxpolygon\[notebook\]"):
        ReplayClient(minute, "stocks", show_progress=True)
