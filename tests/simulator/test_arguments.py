"""Wrong arguments are told at the call."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, MissingPackageError, RecordingError
from rxpolygon.simulator import Simulator
from rxpolygon.simulator import faults as wrong
from rxpolygon.simulator.faults import Fault, Mute


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("port", -1),
        ("port", 65_536),
        ("venue", "nasdaq"),
        ("api_keys", [""]),
        ("speed", 0),
        ("speed", "fast"),
        ("speed", float("inf")),
        ("rate", 0.0),
        pytest.param("rate", 10**400, id="rate-no-float"),
        pytest.param("settle", 10**400, id="settle-no-float"),
        ("start", -5),
        ("settle", -1),
        ("tick", 0),
        ("login_timeout", 0),
        ("on_end", "explode"),
        ("second_connection", "share"),
        ("tls", (Path("missing.pem"), Path("missing.key"))),
        ("symbols", [""]),
    ],
)
def test_value_that_is_not_allowed_is_named(argument: str, value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=argument):
        Simulator(**{argument: value})


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("port", "80"),
        ("port", True),
        ("api_keys", "demo"),
        ("api_keys", [1]),
        ("speed", None),
        ("seed", 1.5),
        ("symbols", "AAPL"),
        ("tls", "cert.pem"),
        ("faults", Mute()),
        ("faults", ["mute"]),
        ("refuse", "T"),
        ("refusal", None),
    ],
)
def test_value_of_a_wrong_type_is_named(argument: str, value: Any) -> None:
    with pytest.raises(InvalidTypeError, match=argument):
        Simulator(**{argument: value})


@pytest.mark.parametrize(
    ("fault", "argument", "value"),
    [
        (wrong.Evict, "connection", 0),
        (wrong.Evict, "times", 0),
        (wrong.Mute, "after_frames", -1),
        (wrong.Cut, "extra_bytes", -1),
        (wrong.Cut, "at_byte", -1),
        (wrong.RefuseHandshake, "status", 200),
        (wrong.CloseAtOnce, "code", 1006),
        (wrong.Restart, "code", 5_000),
        (wrong.CapRefusal, "when", "later"),
        (wrong.CapRefusal, "delay", -0.1),
        (wrong.Delay, "seconds", float("nan")),
        (wrong.Reorder, "share", 1.1),
        (wrong.Reorder, "within", -1),
        (wrong.Amend, "share", -0.1),
        (wrong.Duplicate, "share", 2),
        (wrong.Garbage, "every", 0),
        (wrong.SlowConsumer, "unread_bytes", -1),
    ],
)
def test_value_that_a_fault_does_not_allow_is_named(fault: type[Fault], argument: str, value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=f"{argument}="):
        fault(**{argument: value})


@pytest.mark.parametrize(
    ("fault", "argument", "value"),
    [
        (wrong.Evict, "connection", "1"),
        (wrong.Evict, "times", 1.5),
        (wrong.Mute, "after_frames", True),
        (wrong.Mute, "answer_pings", "no"),
        (wrong.Cut, "reset", 1),
        (wrong.Restart, "code", "1001"),
        (wrong.Delay, "seconds", "1"),
        (wrong.Duplicate, "share", None),
        (wrong.Garbage, "kind", "not json"),
        (wrong.GarbageLogin, "kind", None),
        (wrong.Complain, "closes", 1),
    ],
)
def test_value_of_a_type_that_a_fault_does_not_take_is_named(
    fault: type[Fault], argument: str, value: Any
) -> None:
    with pytest.raises(InvalidTypeError, match=argument):
        fault(**{argument: value})


@pytest.mark.parametrize("place", [{"after_frames": 3}, {"extra_bytes": 3}])
def test_cut_at_two_places_is_refused(place: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match="give one place"):
        wrong.Cut(at_byte=100, **place)


@pytest.mark.parametrize("cluster", ["stockz", "/stocks", "stocks?x"])
def test_what_is_done_to_an_unknown_cluster_is_refused(cluster: str) -> None:
    named = re.escape(f"cluster='{cluster}'")
    with Simulator(market=False) as simulator:
        for act in (
            simulator.drop_connections,
            simulator.evict,
            simulator.mute,
            simulator.unmute,
            simulator.freeze,
            simulator.restart,
            simulator.complain,
        ):
            with pytest.raises(InvalidArgumentError, match=named):
                act(cluster=cluster)
        with pytest.raises(InvalidArgumentError, match=named):
            simulator.send_raw("[]", cluster)
        with pytest.raises(InvalidArgumentError, match="code=5 "):
            simulator.restart(5)


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets.server", None)
    with pytest.raises(MissingPackageError, match=r"rxpolygon\[simulator\]"):
        Simulator()


def test_recording_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"nowhere\.jsonl"):
        Simulator(recording=tmp_path / "nowhere.jsonl")
