"""What the reference needs beyond Sphinx: rooms by their ``__all__``, marble diagrams, names of one's own.

``.. room:: rxpolygon.operators`` gives a module's text, a table of its public names, and each of them in
full; a name that several rooms have is told in the first one of :data:`ROOMS`, and the others lead there.
``.. marble::`` shows a diagram as it is written.

A type is told by the module that defines it (``rxpolygon.operators._bar.Bar``), and documented where users
import it from (``rxpolygon.operators.Bar``): references to the first are led to the second.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any, ClassVar, Final

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from reactivex import Observable
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext.napoleon.docstring import GoogleDocstring
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata, OptionSpec

__all__ = ["ROOMS", "public_names", "setup"]

#: The modules that users import from.
ROOMS: Final = (
    "rxpolygon",
    "rxpolygon.streams",
    "rxpolygon.stats",
    "rxpolygon.topics",
    "rxpolygon.events",
    "rxpolygon.events.conditions",
    "rxpolygon.status",
    "rxpolygon.errors",
    "rxpolygon.alpaca",
    "rxpolygon.operators",
    "rxpolygon.recording",
    "rxpolygon.replay",
    "rxpolygon.history",
    "rxpolygon.simulator",
    "rxpolygon.simulator.faults",
    "rxpolygon.testing",
    "rxpolygon.metrics",
    "rxpolygon.aio",
    "rxpolygon.frames",
    "rxpolygon.notebook",
)

# A channel's two methods are the same on every client; they are told once.
_WITH_CHANNELS: Final = "rxpolygon.StreamClient"


def public_names(room: str) -> list[str]:
    """The names of a room that stand for something of their own, in its order."""
    module = importlib.import_module(room)
    return [name for name in module.__all__ if not inspect.ismodule(getattr(module, name))]


class Room(SphinxDirective):
    """A module: its text, a table of what it has, and all of that."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        room = self.arguments[0]
        places = [_place(room, name) for name in public_names(room)]
        lines = [
            f".. automodule:: {room}",
            "",
            f".. currentmodule:: {room}",
            "",
            ".. autosummary::",
            "   :nosignatures:",
            "",
        ]
        lines += [*(f"   {_short(room, place)}" for place in places), ""]
        for place in places:
            if place.rpartition(".")[0] == room:
                lines += [*_details(place, _object(place)), ""]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


class Marble(Directive):
    """A marble diagram, as it is written."""

    has_content = True
    option_spec: ClassVar[OptionSpec | None] = {"alt": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        text = "\n".join(self.content)
        return [nodes.literal_block(text, text, language="text")]


def _place(room: str, name: str) -> str:
    """Where something is documented."""
    return _PLACES.get(id(_object(f"{room}.{name}")), f"{room}.{name}")


def _short(room: str, place: str) -> str:
    """How the table of a room names something."""
    own = f"{room}."
    return place.removeprefix(own) if "." not in place.removeprefix(own) else f"~{place}"


def _details(place: str, found: object) -> list[str]:
    if isinstance(found, type) and issubclass(found, BaseException):
        return [f".. autoexception:: {place}", "   :show-inheritance:"]
    if isinstance(found, type) and issubclass(found, Observable):
        return [f".. autoclass:: {place}"]  # what one can do with it is told by reactivex
    if isinstance(found, type):
        return [f".. autoclass:: {place}", "   :members:", *_inherited(place, found)]
    if inspect.isfunction(found):
        return [f".. autofunction:: {place}"]
    return [f".. autodata:: {place}", "   :no-value:"]


def _inherited(place: str, kind: type) -> list[str]:
    """The option for members of classes below this one, if any of these is our own."""
    below = kind.__mro__[1:]
    if not any(base.__module__.startswith("rxpolygon") for base in below):
        return []
    left_out = [base.__name__ for base in below if not base.__module__.startswith("rxpolygon")]
    if place != _WITH_CHANNELS:
        left_out.append("ChannelMethods")
    return [f"   :inherited-members: {', '.join(left_out)}"]


def _object(path: str) -> Any:  # Any: whatever has that name
    """What a dotted name stands for; None if it is nothing."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None


def _places() -> dict[int, str]:
    found: dict[int, str] = {}
    for room in ROOMS:
        for name in public_names(room):
            found.setdefault(id(_object(f"{room}.{name}")), f"{room}.{name}")
    return found


_PLACES: Final = _places()


def _lead_to_public_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.Element
) -> nodes.Node | None:
    """Resolve a reference to where something is defined, or one of a room, by where it is documented."""
    target: str = node.get("reftarget", "")
    if node.get("refdomain") != "py":
        return None
    wholes = [target, f"{node.get('py:module')}.{target}"]
    places = [_PLACES.get(id(_object(whole))) for whole in wholes if whole.startswith("rxpolygon.")]
    place = next((place for place in places if place is not None and place != target), None)
    if place is None:
        return None
    domain = env.domains["py"]
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", place, node, contnode)


class _Texts:
    """Texts of properties as napoleon would read those of methods.

    In a property's first line it takes whatever stands before a colon for a type.
    """

    def __init__(self) -> None:
        self._written: list[str] = []

    def keep(self, app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
        """Before napoleon: note what is written."""
        self._written = list(lines)

    def restore(
        self, app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
    ) -> None:
        """After it: read that again."""
        if what in ("property", "attribute", "data"):
            lines[:] = GoogleDocstring(self._written, app.config, app, "method", name, obj).lines()


def setup(app: Sphinx) -> ExtensionMetadata:
    """For Sphinx: what there is here."""
    app.add_directive("room", Room)
    app.add_directive("marble", Marble)
    app.connect("missing-reference", _lead_to_public_name)
    texts = _Texts()
    app.connect("autodoc-process-docstring", texts.keep, priority=400)  # napoleon has 500
    app.connect("autodoc-process-docstring", texts.restore, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
