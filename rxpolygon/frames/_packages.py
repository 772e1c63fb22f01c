"""The packages of the extra ``frames``, imported when they are first needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from rxpolygon.errors import MissingPackageError

__all__ = ["pandas", "polars", "pyarrow"]

# Any, throughout: a package may not be installed, nor its types.


def _package(module: str, extra: str = "frames") -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise MissingPackageError(f"rxpolygon.frames with {name}", name, extra) from error


def polars() -> Any:
    """The package polars."""
    return _package("polars")


def pyarrow(part: str = "") -> Any:
    """The package pyarrow, or a part of it such as ``parquet``."""
    return _package(f"pyarrow.{part}" if part else "pyarrow")


def pandas() -> Any:
    """The package pandas, which has an extra of its own."""
    return _package("pandas", "pandas")
