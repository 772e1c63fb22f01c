"""What a notebook shows, held against what a run of it gave."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from typing import Final

from PIL import Image, ImageChops, ImageOps, ImageStat

from tests.notebooks.running import Node, code_cells

__all__ = ["AT_THE_MOMENT", "differences", "is_same", "picture", "pictures", "text"]

#: The tag of a cell whose figures hang on the moment at which it runs, as live ones do.
AT_THE_MOMENT: Final = "at-the-moment"

_DRAWN_BY: Final = "Software"  # where a PNG says which library drew it, with its version
_VISIBLE: Final = 32  # of 255
_CHANGED_SHARE: Final = 0.0002
_COARSE: Final = (48, 32)
_SIZE_SHARE: Final = 0.05
_INK_SHARE: Final = 0.15
_WORDS: Final = re.compile(r"[\w.,:%$+-]*\w[%]?")
_PICTURE: Final = "image/png"


def differences(shown: Node, got: Node) -> list[str]:
    """What differs, a line for each cell; nothing if the notebook shows what it does."""
    pairs = zip(code_cells(shown), code_cells(got), strict=True)
    return [f"cell {old.id}: {_difference(old, new)}" for old, new in pairs if not is_same(old, new)]


def is_same(shown: Node, got: Node) -> bool:
    """Whether two runs of a cell show the same: the same words, and the same pictures.

    Pictures that another version of the library drew must only look alike.

    Of a cell with the tag :data:`AT_THE_MOMENT` only the kinds of outputs are held against each other.
    """
    if kinds(shown) != kinds(got):
        return False
    if AT_THE_MOMENT in shown.metadata.get("tags", ()):
        return True
    pairs = zip(pictures(shown), pictures(got), strict=True)
    return words(shown) == words(got) and all(_look_alike(one, other) for one, other in pairs)


def kinds(cell: Node) -> list[tuple[str, ...]]:
    """The kinds of a cell's outputs, in order: streams by name, others by their MIME types."""
    return [
        ("stream", output.name)
        if output.output_type == "stream"
        else (output.output_type, *sorted(output.get("data", ())))
        for output in cell.outputs
    ]


def text(cell: Node) -> str:
    """What a cell printed and gave, as plain text."""
    return "\n".join(_texts(cell))


def words(cell: Node) -> list[str]:
    """Words and figures in order, so that the frame that a library draws around a table does not count."""
    return _WORDS.findall(text(cell))


def pictures(cell: Node) -> list[Image.Image]:
    """The PNG pictures of a cell."""
    return [picture(it.data[_PICTURE]) for it in cell.outputs if _PICTURE in it.get("data", ())]


def picture(encoded: str) -> Image.Image:
    """A picture from its text in the file."""
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


def _texts(cell: Node) -> Iterator[str]:
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.text
        elif _PICTURE not in output.get("data", ()):  # beside a picture stands the address of an object
            yield output.get("data", {}).get("text/plain", "")


def _look_alike(one: Image.Image, other: Image.Image) -> bool:
    if one.info.get(_DRAWN_BY) == other.info.get(_DRAWN_BY):
        return one.size == other.size and _changed_share(one, other) <= _CHANGED_SHARE
    # Other versions of the library lay out a little differently: the ink must be where it was, more or less.
    if any(abs(a - b) > _SIZE_SHARE * a for a, b in zip(one.size, other.size, strict=True)):
        return False
    inks = [ImageOps.invert(it.convert("L").resize(_COARSE, Image.Resampling.BOX)) for it in (one, other)]
    moved = ImageStat.Stat(ImageChops.difference(*inks)).sum[0]
    return moved <= _INK_SHARE * sum(ImageStat.Stat(ink).sum[0] for ink in inks)


def _changed_share(one: Image.Image, other: Image.Image) -> float:
    """How much of a picture changed, but for the edges of lines, which processors round differently."""
    difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).convert("L")
    return sum(difference.histogram()[_VISIBLE:]) / (difference.width * difference.height)


def _difference(shown: Node, got: Node) -> str:
    if kinds(shown) != kinds(got):
        return f"shows {kinds(shown)}, gave {kinds(got)}"
    for old, new in zip(words(shown), words(got), strict=False):
        if old != new:
            return f"shows {old!r}, gave {new!r}"
    return "the pictures look different" if words(shown) == words(got) else "one text is longer"
