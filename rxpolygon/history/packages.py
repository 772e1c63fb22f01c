"""The packages of the extra ``frames``, asked for when they are first needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from rxpolygon.errors import MissingPackageError

__all__ = ["polars", "pyarrow"]


def _package(name: str, module: str) -> Any:  # Any: the package may not be installed, nor its types
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingPackageError("reading flat files and tables", name, "frames") from error


def polars() -> Any:
    """The package polars."""
    return _package("polars", "polars")


def pyarrow(part: str) -> Any:
    """A part of the package pyarrow: ``csv``, ``ipc``, ``parquet``."""
    return _package("pyarrow", f"pyarrow.{part}")
