"""``having``: an expected value of which only some attributes matter."""

from __future__ import annotations

__all__ = ["having"]


class having:
    """Equal to whatever has these attributes with these values.

    Args:
        **attributes: Names and expected values, approximations (``pytest.approx``) among them.

    Example:
        >>> from rxpolygon.testing import having, trade
        >>> having(price=10.0, symbol="AAPL") == trade("AAPL", 10.0, 300)
        True
        >>> having(price=11.0) == trade("AAPL", 10.0, 300)
        False
    """

    __hash__ = None  # type: ignore[assignment]  # equal to unequal things: it has no hash

    def __init__(self, **attributes: object) -> None:
        self._attributes = attributes

    def __eq__(self, other: object) -> bool:
        nothing = object()
        return all(bool(value == getattr(other, name, nothing)) for name, value in self._attributes.items())

    def __repr__(self) -> str:
        return f"having({', '.join(f'{name}={value!r}' for name, value in self._attributes.items())})"
