"""The packages of the extra ``frames``, imported when they are first needed."""

from __future__ import annotations

from typing import Any

from rxpolygon.packages import package

__all__ = ["pandas", "polars", "pyarrow"]

# Any, throughout: a package may not be installed, nor its types.


def _package(module: str, extra: str = "frames") -> Any:
    return package(module, f"rxpolygon.frames with {module.partition('.')[0]}", extra)


def polars() -> Any:
    """The package polars."""
    return _package("polars")


def pyarrow(part: str = "") -> Any:
    """The package pyarrow, or a part of it such as ``parquet``."""
    return _package(f"pyarrow.{part}" if part else "pyarrow")


def pandas() -> Any:
    """The package pandas, which has an extra of its own."""
    return _package("pandas", "pandas")
