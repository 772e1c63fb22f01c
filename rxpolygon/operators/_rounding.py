"""How far apart floating point may put figures that are equal as decimals."""

from __future__ import annotations

from typing import Final

__all__ = ["ROUNDING"]

#: As a share of them: (20.01 + 20.03) / 2 is not 20.02 in binary, and 0.1 three times is not 0.3. No market's
#: tick is finer.
ROUNDING: Final = 1e-12
