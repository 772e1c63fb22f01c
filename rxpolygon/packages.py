"""Packages of extras, imported when they are first needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from rxpolygon.errors import MissingPackageError

__all__ = ["package"]


def package(module: str, feature: str, extra: str) -> Any:  # Any: it may not be installed, nor have types
    """A package, or a module of one.

    Args:
        module: Its name, such as ``pyarrow.parquet``.
        feature: What needs it, for the error.
        extra: What to install for it.

    Raises:
        MissingPackageError: It is not installed.

    Example:
        >>> package("polars", "reading tables", "frames").DataFrame.__name__
        'DataFrame'
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingPackageError(feature, module.partition(".")[0], extra) from error
