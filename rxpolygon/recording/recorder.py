"""``record``: write what a client receives to a file."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Protocol, Self

from msgspec import Struct
from reactivex import Observable, abc
from reactivex import operators as ops
from reactivex.disposable import Disposable

from rxpolygon.checks import flag
from rxpolygon.errors import InvalidArgumentError, InvalidTypeError
from rxpolygon.recording.files import RecordingFiles, path_of
from rxpolygon.recording.lines import lines_of

__all__ = ["Recorder", "RecordingStats", "record"]

_FLUSH_SECONDS: Final = 0.5  # what a kill may lose; one second is promised
_PIECE_SECONDS: Final = 0.05
_BLOCK_BYTES: Final = 1024 * 1024
_MAX_QUEUE: Final = 64 * 1024 * 1024

_log: Final = logging.getLogger("rxpolygon.recording")


class Recordable(Protocol):
    """What can be recorded: a client.

    One that has ``frame_lists`` too, the same frames in lists, is recorded at less cost.
    """

    @property
    def messages(self) -> Observable[bytes]:
        """Frames as they came."""


class RecordingStats(Struct, frozen=True, kw_only=True):
    """What a recorder has done so far.

    Attributes:
        frames: Frames taken from the stream.
        bytes: Size of these frames.
        written_bytes: Bytes on the disk, packed if the name says so.
        queued_bytes: What waits to be written.
        dropped_frames: Frames given up because the disk was too slow, or failed.
        files: The files, in order.
        error: What ended the recording early, None if nothing did.
    """

    frames: int = 0
    bytes: int = 0
    written_bytes: int = 0
    queued_bytes: int = 0
    dropped_frames: int = 0
    files: tuple[str, ...] = ()
    error: str | None = None


class Recorder:
    """A recording under way; :func:`record` makes it.

    The stream's thread only puts frames aside, a list at a time, with the time; a thread of the recorder's
    own makes lines of them, packs and writes. Leaving the ``with`` block, or :meth:`close`, writes what waits
    and ends the file. The end of the stream does so too.
    """

    def __init__(
        self,
        client: Recordable,
        files: RecordingFiles,
        max_queue: int,
        on_error: Callable[[Exception], object] | None,
        clock_ns: Callable[[], int],
    ) -> None:
        self._files = files
        self._max_queue = max_queue
        self._on_error = on_error
        self._clock_ns = clock_ns
        self._wake = threading.Event()
        # Added to by the stream, taken from by the writer.
        self._waiting: deque[tuple[int, Sequence[bytes]]] = deque()
        self._frames = 0  # the stream's thread only, and the next three
        self._taken = 0  # bytes
        self._dropped = 0
        self._dropped_bytes = 0
        self._last_ns = 0  # the writing thread only, and the next three
        self._lost = 0
        self._written = 0  # bytes of frames
        self._limit = max_queue  # how many bytes may be taken in all
        #: What ended the recording early: a full disk, for example.
        self.error: Exception | None = None
        self._is_ending = False
        self._subscription: abc.DisposableBase = Disposable()
        self._thread = threading.Thread(target=self._run, name="rxpolygon-record", daemon=True)
        atexit.register(self.close)  # for programs that end without a close: the thread is a daemon
        self._thread.start()
        self._subscription = self._subscribe(client)

    def _subscribe(self, client: Recordable) -> abc.DisposableBase:
        lists: Observable[Sequence[bytes]] | None = getattr(client, "frame_lists", None)
        if lists is None:
            lists = client.messages.pipe(ops.map(_alone))
        return lists.subscribe(self._take, lambda _: self._end(), self._end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def stats(self) -> RecordingStats:
        """Figures of this moment."""
        return RecordingStats(
            frames=self._frames,
            bytes=self._taken + self._dropped_bytes,
            written_bytes=self._files.bytes,
            queued_bytes=max(0, self._taken - self._written),
            dropped_frames=self._dropped + self._lost,
            files=tuple(str(path) for path in self._files.paths),
            error=None if self.error is None else str(self.error),
        )

    @property
    def is_recording(self) -> bool:
        """Whether frames are still taken and written."""
        return not self._is_ending and self._thread.is_alive()

    def close(self, timeout: float | None = None) -> None:
        """Write what waits and end the file; nothing happens the second time.

        Args:
            timeout: Seconds to wait for the disk; None waits as long as it takes.
        """
        self._subscription.dispose()
        self._end()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)
            if not self._thread.is_alive():
                self._give_up_waiting()  # a frame that came while the file was ended

    def _end(self) -> None:
        self._is_ending = True
        self._wake.set()

    def _take(self, frames: Sequence[bytes]) -> None:
        """On the stream's thread: it must neither wait nor fail, and be cheap."""
        self._frames += len(frames)
        self._taken += sum(map(len, frames))
        if self._taken > self._limit:
            frames = self._fitting(frames)
            if not frames:
                return
        self._waiting.append((self._clock_ns(), frames))

    def _fitting(self, frames: Sequence[bytes]) -> Sequence[bytes]:
        """Those for which there is room, and counts the others."""
        room = self._limit - self._taken + sum(map(len, frames))
        fitting: list[bytes] = []
        for frame in frames:
            if len(frame) <= room:
                fitting.append(frame)
                room -= len(frame)
            else:
                room = 0  # what follows would stand there as if nothing was missing before it
                self._drop(frame)
        return fitting

    def _drop(self, frame: bytes) -> None:
        self._taken -= len(frame)
        self._dropped += 1
        self._dropped_bytes += len(frame)
        if self._dropped == 1 and self.error is None:
            _log.warning("the disk is too slow for the stream: frames are not recorded")

    def _run(self) -> None:
        flushed = time.monotonic()
        try:
            while not self._is_ending:
                self._wake.wait(_PIECE_SECONDS)
                self._write()
                if time.monotonic() - flushed >= _FLUSH_SECONDS:
                    self._files.flush()
                    flushed = time.monotonic()
            self._write()
            self._files.close()
        except Exception as error:  # the disk, at any of the calls
            self._fail(error)
        finally:
            atexit.unregister(self.close)  # it would keep a recorder that nobody closes for ever

    def _write(self) -> None:
        """Write what waits, in blocks of some size: the next one comes while this one is packed."""
        while (waiting := len(self._waiting)) > 0:
            received: list[tuple[int, Sequence[bytes]]] = []
            size = count = 0
            while waiting and size < _BLOCK_BYTES:
                now_ns, frames = self._waiting[0]
                # The system's clock may be set back; a recording's never goes back.
                now_ns = max(now_ns, self._last_ns)
                if received and not self._files.are_together(self._last_ns, now_ns):
                    break
                self._waiting.popleft()
                self._last_ns = now_ns
                received.append((self._last_ns, frames))
                size += sum(map(len, frames))
                count += len(frames)
                waiting -= 1
            try:
                self._files.write(lines_of(received), received[0][0])
            except Exception:
                self._lost += count
                raise
            finally:
                self._written += size
            self._limit = self._written + self._max_queue

    def _give_up_waiting(self) -> None:
        while self._waiting:
            _, frames = self._waiting.popleft()
            self._written += sum(map(len, frames))
            self._lost += len(frames)

    def _fail(self, error: Exception) -> None:
        self.error = error
        self._limit = -1
        _log.error("recording ended: %s", error)
        self._give_up_waiting()
        try:
            self._files.abandon()
        except OSError as other:
            _log.error("the recording cannot be closed: %s", other)
        if self._on_error is not None:
            try:
                self._on_error(error)
            except Exception:
                _log.exception("the recorder's on_error raised")


def record(
    client: Recordable,
    path: str | os.PathLike[str],
    *,
    rotate_size: int | None = None,
    rotate_daily: bool = False,
    max_queue: int = _MAX_QUEUE,
    on_error: Callable[[Exception], object] | None = None,
    clock_ns: Callable[[], int] = time.time_ns,
) -> Recorder:
    """Write every frame that a client receives to a file, until it is closed or the stream ends.

    The file is read by :class:`~rxpolygon.ReplayClient`, by the simulator and by
    :func:`~rxpolygon.recording.read_frames`: a line for each frame, ``[<Unix ns>,<the frame as it came>]``.
    The stamp is the time at which the client's dispatch thread took the frame; frames that it took together
    have the same. Once a second at the
    latest everything is on its way to the disk, so a kill of the process loses no more.

    The stream never waits for the disk: what does not fit into the queue is dropped and counted. If writing
    fails (the disk is full, say) the recording ends, and the stream goes on: ``recorder.error`` has the
    reason, ``on_error`` is called, and the logger ``rxpolygon.recording`` says so.

    Args:
        client: A :class:`~rxpolygon.StreamClient`, or anything with ``messages``. It may be started later.
        path: The file. A name that ends in ``.gz`` is packed with gzip, in ``.zst`` with zstandard. A file
            that is there is not touched: ``day.jsonl`` becomes ``day.1.jsonl``.
        rotate_size: Bytes on the disk after which the next file begins.
        rotate_daily: Whether each day (UTC) gets a file, with the date in its name.
        max_queue: The most bytes that may wait for the disk.
        on_error: Called with what ended the recording early, on the writing thread.
        clock_ns: Gives the receive time, Unix nanoseconds.

    Returns:
        The recording under way: a context manager with ``stats``, ``error`` and ``close``.

    Raises:
        OSError: The file cannot be made.
        MissingPackageError: ``.zst`` without zstandard (extra ``zstd``).
        InvalidArgumentError: ``rotate_size`` or ``max_queue`` is not above 0, or ``path`` is a folder.
        InvalidTypeError: ``client`` has no ``messages``, or an argument has the wrong type.

    Example:
        >>> import pathlib, tempfile
        >>> from reactivex import Subject
        >>> from types import SimpleNamespace
        >>> from rxpolygon.recording import read_frames
        >>> client = SimpleNamespace(messages=Subject())
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "day.jsonl.gz"
        >>> with record(client, path, clock_ns=lambda: 1_700_000_000_000_000_000):
        ...     client.messages.on_next(b'[{"ev":"T","sym":"AAPL","p":189.5}]')
        >>> next(read_frames(path)).frame
        b'[{"ev":"T","sym":"AAPL","p":189.5}]'
    """
    if not isinstance(getattr(client, "messages", None), Observable):
        raise InvalidTypeError("client", client, "a StreamClient, or whatever else has messages")
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidTypeError("path", path, "the name of a file")
    file = path_of(path)
    if "\0" in str(file):
        raise InvalidArgumentError("path", str(path), "a name has no NUL in it")
    if file.is_dir():
        raise InvalidArgumentError("path", str(path), "there is a folder of that name; name a file in it")
    if rotate_size is not None:
        _check_bytes("rotate_size", rotate_size)
    flag("rotate_daily", rotate_daily)
    _check_bytes("max_queue", max_queue)
    if on_error is not None and not callable(on_error):
        raise InvalidTypeError("on_error", on_error, "a function of the error, or None")
    if not callable(clock_ns):
        raise InvalidTypeError("clock_ns", clock_ns, "a function that returns Unix nanoseconds")
    files = RecordingFiles(file, rotate_size, rotate_daily=rotate_daily)
    return Recorder(client, files, max_queue, on_error, clock_ns)


def _alone(frame: bytes) -> Sequence[bytes]:
    return (frame,)


def _check_bytes(argument: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidTypeError(argument, value, "a whole number of bytes")
    if value <= 0:
        raise InvalidArgumentError(argument, value, "a number of bytes above 0")
