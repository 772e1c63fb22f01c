"""The compiled transport: picows parses frames and TLS natively, on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from enum import Enum
from typing import Final

import picows
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from rxpolygon.transport.base import (
    Endpoint,
    Listener,
    Loss,
    bytes_received,
    connect_failure,
    has_peer_ended,
    tls_context,
)
from rxpolygon.transport.opening import open_socket

__all__ = ["FastTransport"]

_READ_BUFFER: Final = 1024 * 1024
_RELEASE: Final = 1.0  # seconds for the loop to close a socket that is cut already
_NO_CLOSE_CODE: Final = 1005  # RFC 6455, 7.4.1: a close frame without a code

_log: Final = logging.getLogger("rxpolygon.transport.picows")


class FastTransport:
    """A websocket on picows.

    Args:
        endpoint: Where and how to connect.
        listener: Who is told, on the loop's thread.
        name: The thread's name.
    """

    def __init__(self, endpoint: Endpoint, listener: Listener, name: str) -> None:
        self._endpoint = endpoint
        self._listener = listener
        self._kind = WSMsgType.BINARY if endpoint.is_binary else WSMsgType.TEXT
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._frames = _Frames(listener, endpoint.largest_frame, self._opened, self._may_write)
        self._loop: asyncio.AbstractEventLoop | None = None  # set once by the thread
        self._task: asyncio.Task[Loss] | None = None  # the same
        self._transport: WSTransport | None = None  # the same
        self._socket: socket.socket | None = None  # the same
        self._closing = threading.Event()

    @property
    def reads(self) -> int:
        """How many frames of any kind came, and where the system tells it, how many bytes.

        A large frame on a slow line may take longer than a ping may be unanswered.
        """
        return self._frames.reads + bytes_received(self._socket)

    def start(self) -> None:
        """Start the thread, which connects and reads."""
        self._thread.start()

    def join(self, timeout: float) -> bool:
        """Wait for the thread's end; whether it has ended."""
        if self._thread is not threading.current_thread() and self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def send(self, message: bytes) -> None:
        """Send a message. Errors show as the loss."""
        self._on_loop(lambda transport: transport.send(self._kind, message))

    def ping(self, payload: bytes) -> None:
        """Send a ping. Errors show as the loss."""
        self._on_loop(lambda transport: transport.send_ping(payload))

    def close(self, code: int = 1000) -> None:
        """Say goodbye; the server's answer, or :meth:`abort`, ends the thread."""
        if self._transport is None:
            self.abort()  # there is nobody yet to say it to
        self._closing.set()
        self._on_loop(lambda transport: transport.send_close(WSCloseCode(code)))

    def abort(self) -> None:
        """Cut the connection, or the attempt to make one; this ends the thread."""
        self._closing.set()
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel)

    def _on_loop(self, act: Callable[[WSTransport], object]) -> None:
        loop, transport = self._loop, self._transport
        if loop is None or transport is None:
            return

        def safely() -> None:
            if self._may_write(transport):
                act(transport)

        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it the connection
            loop.call_soon_threadsafe(safely)

    def _may_write(self, transport: WSTransport) -> bool:
        """Whether the server still listens: a loop drops what it has not read yet when it cannot write."""
        is_closing = transport.is_disconnected or transport.underlying_transport.is_closing()
        return not is_closing and not has_peer_ended(self._socket)

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                loss = runner.run(self._life())
        except asyncio.CancelledError:
            loss = Loss("local", "closed by us")
        if self._closing.is_set() and loss.kind in ("network", "closed"):
            loss = Loss("local", loss.reason, loss.code)
        self._listener.on_loss(loss)

    async def _life(self) -> Loss:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        if self._closing.is_set():
            return Loss("local", "closed by us")
        try:
            return await self._connect_and_read()
        finally:
            await self._release()

    async def _connect_and_read(self) -> Loss:
        try:
            transport = await self._connect()
        except picows.WSHandshakeError as error:
            status = int(error.response.status) if error.response is not None else None
            if status is None:
                return Loss("connect", str(error) or "the server did not answer as a websocket")
            return Loss("handshake", f"HTTP status {status}", status)
        except Exception as error:  # other people's code on anybody's bytes: whatever it is, it is told
            return connect_failure(error)
        try:
            return await self._until_lost(transport)
        finally:
            transport.disconnect(graceful=False)

    async def _connect(self) -> WSTransport:
        limit = self._endpoint.connect_timeout
        # Not by the loop, whose own threads would hold up the end of the program until a name is found; and
        # known to us, as the socket of a failed handshake would never be closed otherwise.
        self._socket = opened = open_socket(self._endpoint, self._closing.is_set, secure=False)
        async with asyncio.timeout(limit):
            transport, _ = await picows.ws_connect(
                lambda: self._frames,
                self._endpoint.url,
                ssl_context=tls_context(self._endpoint),
                websocket_handshake_timeout=limit,
                max_frame_size=self._endpoint.largest_frame,
                extra_headers=list(self._endpoint.headers.items()),
                max_redirects=0,
                enable_auto_pong=False,  # it would hide a ping that ends a read from us
                read_buffer_init_size=_READ_BUFFER,
                socket_factory=lambda _: opened,
                logger_name=_log,
            )
        return transport

    async def _release(self) -> None:
        """Cut what is left of the connection, and let the loop close its socket before it ends itself."""
        cut = self._socket
        if cut is None:
            return
        with contextlib.suppress(OSError):
            cut.shutdown(socket.SHUT_RDWR)
        limit = asyncio.get_running_loop().time() + _RELEASE
        try:
            while cut.fileno() >= 0 and asyncio.get_running_loop().time() < limit:
                await asyncio.sleep(0.002)
        finally:  # a second abort interrupts the wait
            cut.close()

    def _opened(self, transport: WSTransport) -> None:
        # Before the first frame is told: its answer may be sent at once, from another thread.
        self._transport = transport
        self._listener.on_open()

    async def _until_lost(self, transport: WSTransport) -> Loss:
        # Whoever closed it meanwhile has left the close frame, or the cancellation, in the loop's queue.
        try:
            await transport.wait_disconnected()
        except picows.WSError as error:
            too_large = "max" in str(error) and "frame" in str(error)
            return Loss("too_large" if too_large else "protocol", str(error))
        except OSError as error:
            return Loss("network", str(error) or type(error).__name__)
        finally:
            self._frames.hand_over()  # a broken frame came behind them in the same read
        received = transport.close_handshake.recv if transport.close_handshake else None
        if received is not None:
            code = _number(received.code) or _NO_CLOSE_CODE
            return Loss("closed", received.reason or "closed by the server", code)
        return self._frames.fault or Loss("network", "the connection ended without a close frame", 1006)


class _Frames(WSListener):
    """Gathers the frames of one read and hands them over together. Loop thread only.

    Of a read that ends in a broken frame, picows keeps the frame right before that one to itself; it lies in
    the gap of the connection's loss.
    """

    def __init__(
        self,
        listener: Listener,
        largest: int,
        opened: Callable[[WSTransport], None],
        may_write: Callable[[WSTransport], bool],
    ) -> None:
        super().__init__()
        self._listener = listener
        self._opened = opened
        self._may_write = may_write
        self._largest = largest
        self._gathered: list[bytes] = []
        self._fragments: list[bytes] = []
        self._fragments_size = 0
        self._is_apart = False  # whether a message in fragments is open, or the stream is broken
        self.reads = 0
        self.fault: Loss | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._opened(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self.reads += 1
        if frame.fin and frame.msg_type in _DATA and not self._is_apart:
            self._gathered.append(frame.get_payload_as_bytes())
        else:
            self._unusual(transport, frame)
        if frame.last_in_buffer:
            self.hand_over()

    def hand_over(self) -> None:
        """Give what was gathered to the listener, which may block."""
        if self._gathered:
            frames, self._gathered = self._gathered, []
            self._listener.on_frames(frames)

    def _unusual(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if self.fault is not None:
            return
        if kind == WSMsgType.PING:
            if self._may_write(transport):
                transport.send_pong(frame.get_payload_as_bytes())
        elif kind == WSMsgType.CLOSE:
            self.hand_over()
            transport.send_close(frame.get_close_code() if frame.payload_size else WSCloseCode.OK)
            transport.disconnect()
        elif kind != WSMsgType.PONG:
            self._add_fragment(transport, frame)

    def _add_fragment(self, transport: WSTransport, frame: WSFrame) -> None:
        is_first = frame.msg_type != WSMsgType.CONTINUATION
        if is_first == self._is_apart:
            problem = "a new message inside a fragmented one"
            if not is_first:
                problem = "a continuation without a beginning"
            self._break(transport, Loss("protocol", problem))
            return
        self._is_apart = True
        self._fragments.append(frame.get_payload_as_bytes())
        self._fragments_size += frame.payload_size
        if self._fragments_size > self._largest:
            problem = f"a message of {self._fragments_size} bytes exceeds the limit of {self._largest}"
            self._break(transport, Loss("too_large", problem))
        elif frame.fin:
            self._gathered.append(b"".join(self._fragments))
            self._fragments, self._fragments_size, self._is_apart = [], 0, False

    def _break(self, transport: WSTransport, fault: Loss) -> None:
        self.fault, self._is_apart = fault, True
        transport.disconnect(graceful=False)


_DATA: Final = frozenset({WSMsgType.TEXT, WSMsgType.BINARY})


def _number(code: object) -> int:
    """A close code as a number; picows gives those of applications (3000 and more) as plain numbers."""
    return int(code.value) if isinstance(code, Enum) else int(str(code))
