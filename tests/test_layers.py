"""Dependencies point one way: each room imports only rooms that stand before it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import rxpolygon

PACKAGE = Path(rxpolygon.__file__).parent

# From left to right, as the data flows; a room may import its own modules and whatever stands in a row above.
ROOMS = [
    {"text"},
    {"topics", "errors"},
    {"packages", "cold", "checks"},
    {"events"},
    {"symbols", "status", "stats", "market_hours"},
    {"venues"},
    {"transport", "recording"},
    {"connection"},
    {"isolation", "settings", "coroutines"},
    {"subscriber"},
    {"symbol_table"},
    {"router", "fan", "handlers"},
    {"gaps"},
    {"delivery"},
    {"raw", "channel_methods", "running"},
    {"streams"},
    {"live"},
    {"client"},
    {"replay"},
    {"alpaca"},
    {"operators"},
    {"history"},
    {"aio", "frames"},
    {"simulator"},
    {"testing"},
    {"metrics", "notebook"},
    {"examples"},
    {"cli"},
    {"__main__"},
]

# The operators and the simulator stand beside the connection, not behind it.
FORBIDDEN = {
    "operators": {"venues", "transport", "connection", "router", "live", "client", "alpaca", "delivery"},
    "simulator": {
        "operators",
        "transport",
        "connection",
        "router",
        "live",
        "client",
        "alpaca",
        "delivery",
        "venues.polygon.codec",
        "venues.alpaca",
    },
}

PURE = {
    "venues": {"socket", "threading", "queue", "time", "asyncio", "websocket", "reactivex"},
    "events": {"socket", "threading", "queue", "time", "asyncio", "websocket", "reactivex"},
    "connection/machine.py": {"socket", "threading", "queue", "time", "asyncio", "random"},
    "connection/subscriptions.py": {"socket", "threading", "queue", "time", "asyncio", "random"},
    "connection/mute.py": {"socket", "threading", "queue", "time", "asyncio", "random"},
    "connection/pings.py": {"socket", "threading", "queue", "time", "asyncio", "random"},
    "operators": {"socket", "time", "asyncio", "websocket"},
    "aio": {"socket", "time", "websocket"},
    "frames": {"socket", "threading", "queue", "time", "asyncio", "websocket", "polars", "pyarrow", "pandas"},
}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem != "__init__")


def imports(path: Path) -> set[str]:
    """The absolute names of what a module imports at run time."""
    tree = ast.parse(path.read_text())
    found: set[str] = set()
    for node in _run_time_nodes(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def _run_time_nodes(tree: ast.AST) -> list[ast.AST]:
    nodes: list[ast.AST] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        nodes += [node, *_run_time_nodes(node)]
    return nodes


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def own_rooms(path: Path) -> set[str]:
    inner = (name.split(".")[1:] for name in imports(path) if name.startswith("rxpolygon."))
    known = set().union(*ROOMS)
    return {parts[0] for parts in inner if parts and parts[0] in known} - {room_of(path)}


def test_every_room_has_a_place() -> None:
    assert {room_of(path) for path in modules()} - set().union(*ROOMS) == set()


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_imports_only_rooms_before_its_own(path: Path) -> None:
    place = next(index for index, row in enumerate(ROOMS) if room_of(path) in row)
    allowed = set().union(*ROOMS[: place + 1])
    assert own_rooms(path) - allowed == set()
    assert own_rooms(path) & FORBIDDEN.get(room_of(path), set()) == set()


@pytest.mark.parametrize("place", PURE)
def test_pure_code_imports_no_socket_thread_or_clock(place: str) -> None:
    target = PACKAGE / place
    for path in [target] if target.suffix else sorted(target.rglob("*.py")):
        if path.name == "_worker.py":  # `buffered` moves what follows to a thread: that is its purpose
            continue
        roots = {name.split(".")[0] for name in imports(path)}
        assert roots & PURE[place] == set(), path
