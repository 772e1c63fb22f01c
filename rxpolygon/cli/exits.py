"""What the command's exit status says, for scripts.

======  ====================================================================================================
status  meaning
======  ====================================================================================================
0       it did what it was told: the limit, the time or the end of a recording was reached, or the reader of
        its output has left
1       it failed in another way: the output cannot be written, a port is taken
2       the call is wrong: an option, a value, no key, an extra that is not installed
3       the server refused the login, or every channel that was asked for
4       the connection did not come about, or ended for good
5       an input file is no recording, or broken
129     the terminal was closed (SIGHUP); what was received has been written
130     Ctrl-C (SIGINT); what was received has been written
143     it was told to end (SIGTERM); what was received has been written
======  ====================================================================================================
"""

from __future__ import annotations

from typing import Final

from rxpolygon import errors

__all__ = ["FAILED", "OK", "USAGE", "status_after"]

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2

# The first that fits.
_STATUSES: Final[tuple[tuple[type[BaseException], int], ...]] = (
    (errors.UsageError, USAGE),
    (errors.AuthenticationError, 3),
    (errors.SubscriptionRefusedError, 3),
    (errors.EvictedError, 4),
    (errors.ConnectionError, 4),
    (errors.RecordingError, 5),
)


def status_after(error: BaseException) -> int:
    """The exit status after an error.

    Example:
        >>> status_after(errors.RecordingError("day.jsonl", 3, "the file is cut off here"))
        5
    """
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), FAILED)
