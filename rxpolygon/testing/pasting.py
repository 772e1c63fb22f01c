"""The text of a marble test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from reactivex import Observable

from rxpolygon.testing.builders import EPOCH
from rxpolygon.testing.code_text import CodeWriter, public_module, quoted
from rxpolygon.testing.drawing import length_of_time

__all__ = ["MarbleTest", "marble_test"]

_TESTING: Final = "rxpolygon.testing"
_INDENT: Final = " " * 8


class MarbleTest(NamedTuple):
    """What a test says.

    Attributes:
        name: The test function's name.
        pipeline: What is tested; None leaves a gap to be filled.
        given: The sources' lines by name.
        expect: The expected line; without a pipeline, dashes only.
        values: What the letters stand for.
        frame: A frame's length in milliseconds.
        epoch: Where time begins, Unix ms UTC.
        error: The error that ends the stream, if one does.
    """

    name: str
    pipeline: Callable[..., Observable[Any]] | None  # Any: a pipeline may emit anything
    given: Mapping[str, str]
    expect: str
    values: Mapping[str, object]
    frame: int
    epoch: int
    error: Exception | None


def marble_test(test: MarbleTest) -> str:
    """A module of Python with this test."""
    writer = CodeWriter()
    writer.need(_TESTING, "assert_stream")
    body = [
        f"{_pipeline(test.pipeline, writer)}",
        *_given(test),
        f"expect={quoted(test.expect)},  # "
        + ("what it should emit" if test.pipeline is None else "what it did"),
        "values={",
        *(f"    {quoted(sign)}: {writer.code(value)}," for sign, value in test.values.items()),
        "},",
    ]
    if test.frame != 1_000:
        body.append(f'frame="{length_of_time(test.frame).replace(" ", "")}",')
    if test.epoch != EPOCH:
        body.append(f"epoch={test.epoch:_},")
    if test.error is not None:
        body.append(f"error={writer.code(test.error)},")
    lines = [
        *writer.imports,
        "",
        "",
        f"def {test.name}() -> None:",
        "    assert_stream(",
        *(_INDENT + line for line in body),
        "    )",
    ]
    return "\n".join(lines)


def _pipeline(pipeline: Callable[..., object] | None, writer: CodeWriter) -> str:
    name = getattr(pipeline, "__name__", "pipeline")
    module = getattr(pipeline, "__module__", "__main__")
    is_importable = (
        pipeline is not None and getattr(pipeline, "__qualname__", "") == name and name.isidentifier()
    )
    if not is_importable or module == "__main__":
        return f"{name if name.isidentifier() else 'pipeline'},  # import it"
    writer.need(public_module(module, name), name)
    return f"{name},"


def _given(test: MarbleTest) -> list[str]:
    if len(test.given) == 1:
        return [f"given={quoted(line)}," for line in test.given.values()]
    # Columns stay aligned: a name is padded to the longest.
    width = max(map(len, test.given)) + 3
    return [
        "given={",
        *(f"    {quoted(name) + ':':{width}s} {quoted(line)}," for name, line in test.given.items()),
        "},",
    ]
