"""Wrong arguments are told at the call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from rxpolygon.errors import InvalidArgumentError, InvalidTypeError, MissingPackageError, RecordingError
from rxpolygon.simulator import Simulator
from rxpolygon.simulator.faults import Mute


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


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets.server", None)
    with pytest.raises(MissingPackageError, match=r"rxpolygon\[simulator\]"):
        Simulator()


def test_recording_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"nowhere\.jsonl"):
        Simulator(recording=tmp_path / "nowhere.jsonl")
