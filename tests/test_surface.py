"""The public surface: what exists, by which names, and what it promises."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from typing import get_type_hints

import pytest
from reactivex import Observable

import rxpolygon
from rxpolygon import errors, status
from rxpolygon.channel_methods import ChannelMethods
from rxpolygon.venues.polygon.channels import CHANNELS, Channel

PUBLIC_MODULES = [
    "rxpolygon",
    "rxpolygon.events",
    "rxpolygon.errors",
    "rxpolygon.status",
    "rxpolygon.operators",
    "rxpolygon.alpaca",
    "rxpolygon.events.alpaca",
    "rxpolygon.aio",
    "rxpolygon.frames",
    "rxpolygon.history",
    "rxpolygon.metrics",
    "rxpolygon.notebook",
    "rxpolygon.recording",
    "rxpolygon.simulator",
    "rxpolygon.testing",
]


@pytest.mark.parametrize("name", PUBLIC_MODULES)
def test_everything_that_is_listed_exists_and_is_documented(name: str) -> None:
    module = importlib.import_module(name)
    for public in module.__all__:
        found = getattr(module, public)
        if inspect.isclass(found) or inspect.isfunction(found):
            assert (found.__doc__ or "").strip(), public


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_channel_has_a_typed_and_documented_pair_of_methods(channel: Channel) -> None:
    subscribe = getattr(ChannelMethods, f"subscribe_{channel.name}")
    unsubscribe = getattr(ChannelMethods, f"unsubscribe_{channel.name}")
    returned = get_type_hints(subscribe)["return"]
    assert returned.__origin__ is Observable
    assert issubclass(channel.event, returned.__args__[0])
    assert list(inspect.signature(subscribe).parameters) == ["self", "symbols", "force_uppercase_symbols"]
    assert list(inspect.signature(unsubscribe).parameters) == ["self", "symbols"]
    assert f"Channel ``{channel.prefix}``" in (subscribe.__doc__ or "")
    assert unsubscribe.__doc__


def test_there_is_no_method_without_a_channel() -> None:
    named = {
        name.partition("_")[2] for name in vars(ChannelMethods) if name.startswith(("subscribe", "unsub"))
    }
    assert named == {channel.name for channel in CHANNELS}


def test_every_error_is_of_one_family_and_drawn_in_the_tree() -> None:
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.RxPolygonError)
        assert name in (errors.__doc__ or "")


def test_every_status_is_drawn_in_the_tree() -> None:
    for name in status.__all__:
        assert issubclass(getattr(status, name), status.Status)
        assert name in (status.__doc__ or "")


def test_import_starts_no_thread_and_prints_nothing() -> None:
    program = (
        "import threading, logging, rxpolygon, rxpolygon.operators, rxpolygon.events\n"
        "assert threading.active_count() == 1\n"
        "assert not logging.getLogger().handlers\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_every_public_module_is_reached_from_the_package_alone() -> None:
    names = [name for name in PUBLIC_MODULES if name.count(".") == 1]
    program = f"import rxpolygon\nprint({', '.join(f'{name}.__name__' for name in names)})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split() == names, done.stderr


def test_version_is_the_distributions() -> None:
    assert rxpolygon.__version__.count(".") == 2
