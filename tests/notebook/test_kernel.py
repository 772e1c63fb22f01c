"""The views in a real kernel: what they send to a frontend, and how a cell that runs again ends them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.notebook.kernel import Kernel, running_kernel

pytest.importorskip("ipykernel")
pytest.importorskip("ipywidgets")
pytest.importorskip("plotly")

pytestmark = pytest.mark.timeout(600)  # a kernel starts up on a machine that runs other tests

_WIDGET = "application/vnd.jupyter.widget-view+json"
_START = """
import pathlib, threading, time
from reactivex.subject import Subject
from rxpolygon.notebook import candlesticks, live_table
from rxpolygon.testing import bar, trade

def table():
    made.append(live_table(trades, every="100ms"))
    return made[-1]
"""
_RESET = """
for view in globals().get("made", ()):
    view.close()
trades = Subject()
made = []
"""
_LIVE = "[view.is_live for view in made]"
_HOOKS = "len(get_ipython().events.callbacks['pre_run_cell'])"


@pytest.fixture(scope="module")
def whole_kernel(jupyter_home: object) -> Iterator[Kernel]:
    with running_kernel() as kernel:
        kernel.run(_START, "start")
        yield kernel


@pytest.fixture
def kernel(whole_kernel: Kernel) -> Kernel:
    """The kernel without views."""
    whole_kernel.run(_RESET, "reset")
    return whole_kernel


def of_type(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [message["content"] for message in messages if message["msg_type"] == kind]


def drawn(messages: list[dict[str, Any]]) -> list[str]:
    """What tables' widgets were given."""
    states = [content["data"].get("state", {}) for content in of_type(messages, "comm_msg")]
    return [state["value"] for state in states if "value" in state]


def test_cell_that_runs_again_ends_the_view_of_its_last_run_and_no_other(kernel: Kernel) -> None:
    hooks = kernel.value(_HOOKS)
    kernel.run("table()", "a")
    kernel.run("other = table()", "b")
    assert kernel.value(_LIVE) == "[True, True]"
    kernel.run("# changed\ntable()", "a")
    assert kernel.value(_LIVE) == "[False, True, True]"
    kernel.run("pass", "c")
    kernel.run("pass", "b")
    assert kernel.value(_LIVE) == "[False, False, True]"
    assert kernel.value("len(trades.observers)") == "1"
    kernel.run("pass", "a")
    assert kernel.value(_HOOKS) == hooks  # nothing of the views stays in the shell


def test_without_cell_ids_a_cell_is_known_by_its_text(kernel: Kernel) -> None:
    kernel.run("table()")
    kernel.run("table()  # another cell")
    kernel.run("table()")
    assert kernel.value(_LIVE) == "[False, True, True]"


def test_view_is_shown_as_a_widget_with_a_picture_beside_it(kernel: Kernel) -> None:
    (shown,) = of_type(kernel.run("table()", "a"), "display_data")
    assert shown["data"].keys() == {_WIDGET, "text/html", "text/plain"}


def test_close_leaves_a_picture_in_the_place_of_the_widget(kernel: Kernel) -> None:
    (shown,) = of_type(kernel.run("table()", "a"), "display_data")
    kernel.run("trades.on_next(trade('IBM', 7.0, at=0))")
    messages = kernel.run("made[0].close()")
    (kept,) = of_type(messages, "update_display_data")
    assert kept["transient"]["display_id"] == shown["transient"]["display_id"]
    assert kept["data"].keys() == {"text/html", "text/plain"}
    assert "7.00" in kept["data"]["text/html"]
    closed = [content["comm_id"] for content in of_type(messages, "comm_close")]
    assert shown["data"][_WIDGET]["model_id"] in closed
    assert kernel.value("trades.observers") == "[]"


def test_closed_chart_leaves_a_picture_and_a_figure(kernel: Kernel) -> None:
    kernel.run("bars = Subject(); chart = candlesticks(bars); chart", "a")
    kernel.run("bars.on_next(bar('IBM', 10.5, open=10.0, at=0))", "b")
    (kept,) = of_type(kernel.run("chart.close()", "c"), "update_display_data")
    assert kept["data"].keys() == {"image/png", "application/vnd.plotly.v1+json", "text/plain"}


def test_stream_that_ends_in_another_thread_leaves_the_picture_too(kernel: Kernel) -> None:
    kernel.run("table()", "a")
    worker = "threading.Thread(target=trades.on_error, args=[ValueError('gone')])"
    code = f"worker = {worker}; worker.start(); worker.join()"
    (kept,) = of_type(kernel.run(code, "b"), "update_display_data")
    assert "failed: ValueError: gone" in kept["data"]["text/html"]


def test_view_is_drawn_while_the_kernel_is_busy(kernel: Kernel) -> None:
    kernel.run("table()", "a")
    # The cell ends when three pictures were drawn, and none of them could wait for its end.
    busy = """
values = []
made[0].widget.observe(lambda change: values.append(change.new), "value")
price = 0
while len(values) < 3:
    price += 1
    trades.on_next(trade("IBM", float(price), at=0))
"""
    messages = kernel.run(busy, "b")
    assert len(drawn(messages)) >= 3


def test_view_is_drawn_while_the_kernel_is_idle(kernel: Kernel, tmp_path: Path) -> None:
    idle = tmp_path / "idle"
    later = f"""
def later():
    while not pathlib.Path({str(idle)!r}).exists():
        time.sleep(0.01)
    trades.on_next(trade("IBM", 123.0, at=0))

threading.Thread(target=later).start()
"""
    kernel.run("table()", "a")
    kernel.run(later, "b")
    idle.touch()
    kernel.until_drawn("123.00")


def test_own_cell_ends_a_view_that_another_cell_shows_with_a_picture_there(kernel: Kernel) -> None:
    kernel.run("view = table()", "a")
    (shown,) = of_type(kernel.run("view", "b"), "display_data")
    (kept,) = of_type(kernel.run("view = table()", "a"), "update_display_data")
    assert kept["transient"]["display_id"] == shown["transient"]["display_id"]


@pytest.mark.parametrize("lacking", ["ipywidgets", "anywidget", "plotly"])
def test_where_no_widgets_run_a_picture_is_shown_and_renewed_at_the_end(kernel: Kernel, lacking: str) -> None:
    kernel.run("import sys; bars = Subject()")
    kernel.run(f"there = sys.modules.get({lacking!r}); sys.modules[{lacking!r}] = None")
    (shown,) = of_type(kernel.run("chart = candlesticks(bars); chart", "a"), "display_data")
    kernel.run("bars.on_next(bar('IBM', 10.5, open=10.0, at=0))")
    (kept,) = of_type(kernel.run("chart.close()"), "update_display_data")
    kernel.run(f"sys.modules[{lacking!r}] = there")
    assert shown["data"].keys() == {"text/plain"}
    assert kept["data"].keys() == {"image/png", "text/plain"}


def test_view_over_a_stream_that_is_over_stays_in_no_registry(kernel: Kernel) -> None:
    hooks = kernel.value(_HOOKS)
    kernel.run("import reactivex as rx; live_table(rx.of(trade('IBM', at=0)))", "a")
    assert kernel.value(_HOOKS) == hooks
