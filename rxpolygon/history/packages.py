"""The packages of the extra ``frames``, asked for when they are first needed."""

from __future__ import annotations

from typing import Any, Final

from rxpolygon.packages import package

__all__ = ["polars", "pyarrow"]

_FEATURE: Final = "reading flat files and tables"
# Any: a package may not be installed, nor its types.


def polars() -> Any:
    """The package polars."""
    return package("polars", _FEATURE, "frames")


def pyarrow(part: str) -> Any:
    """A part of the package pyarrow: ``csv``, ``ipc``, ``parquet``."""
    return package(f"pyarrow.{part}", _FEATURE, "frames")
