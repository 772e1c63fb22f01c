"""A bare server of Alpaca's streams in a process of its own that sends prepared frames as fast as it can.

It speaks just enough of the protocol for any client to log in and to subscribe to trades and quotes, in JSON
or msgpack as the client asks; then it sends the same bytes to every client of an encoding. Run by the
benchmarks.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import json
import random
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from msgspec import msgpack

from tests.benchmarks.blaster import SYMBOLS, symbol

__all__ = ["blasting", "payloads"]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_START = 1_700_000_000
_NOTHING: dict[str, list[str]] = {
    channel: [] for channel in ("bars", "updatedBars", "dailyBars", "statuses", "lulds")
}
_CONTINUATION, _TEXT, _BINARY = 0, 1, 2


def _stamp(seconds: int, nanoseconds: int, encoding: str) -> object:
    if encoding == "msgpack":
        return msgpack.Ext(-1, struct.pack(">Q", nanoseconds << 34 | seconds))
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{nanoseconds:09d}Z"


def payloads(events: int, per_frame: int, encoding: str, seed: int = 0) -> list[bytes]:
    """Frames of trades and quotes, half of each, over random symbols."""
    random_ = random.Random(seed)
    made: list[dict[str, Any]] = []
    for number in range(events):
        ticker = symbol(random_.randrange(SYMBOLS))
        stamp = _stamp(_START + number // 1_000, number % 1_000 * 1_000_000 + number % 999_983 + 1, encoding)
        price = round(random_.uniform(10, 500), 2)
        if number % 2:
            made.append(
                {
                    "T": "t",
                    "S": ticker,
                    "i": number,
                    "x": "V",
                    "p": price,
                    "s": random_.randrange(1, 2_000),
                    "c": ["@", "I"],
                    "z": "C",
                    "t": stamp,
                }
            )
        else:
            made.append(
                {
                    "T": "q",
                    "S": ticker,
                    "bx": "K",
                    "bp": price,
                    "bs": random_.randrange(1, 50),
                    "ax": "Q",
                    "ap": round(price + 0.02, 2),
                    "as": random_.randrange(1, 50),
                    "c": ["R"],
                    "z": "C",
                    "t": stamp,
                }
            )
    return [_packed(made[start : start + per_frame], encoding) for start in range(0, events, per_frame)]


def _packed(message: object, encoding: str) -> bytes:
    if encoding == "msgpack":
        return msgpack.encode(message)
    return json.dumps(message, separators=(",", ":")).encode()


@contextlib.contextmanager
def blasting(per_frame: int) -> Iterator[str]:
    """A running server; gives the whole URL of its stream."""
    command = [sys.executable, "-m", "tests.benchmarks.alpaca_blaster", str(per_frame)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        try:
            yield f"ws://localhost:{port}/v2/iex"
        finally:
            process.kill()


def _framed(payload: bytes, encoding: str) -> bytes:
    opcode = 0x80 | (_BINARY if encoding == "msgpack" else _TEXT)
    size = len(payload)
    if size < 126:
        return bytes([opcode, size]) + payload
    if size < 65_536:
        return bytes([opcode, 126]) + struct.pack(">H", size) + payload
    return bytes([opcode, 127]) + struct.pack(">Q", size) + payload


class _Peer:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""
        self.encoding = "json"

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            chunk = self._connection.recv(65_536)
            if not chunk:
                raise ConnectionError
            self._buffer += chunk
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def handshake(self) -> None:
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self._connection.recv(65_536)
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        lines = [line.partition(b":") for line in head.split(b"\r\n")]
        headers = {name.lower(): value.strip() for name, _, value in lines}
        if b"msgpack" in headers.get(b"content-type", b""):
            self.encoding = "msgpack"
        accept = base64.b64encode(hashlib.sha1(headers[b"sec-websocket-key"] + _GUID).digest())
        self._connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )

    def send(self, message: object) -> None:
        self._connection.sendall(_framed(_packed([message], self.encoding), self.encoding))

    def command(self) -> dict[str, Any]:
        """The next command; pings between are not answered."""
        whole, is_last = b"", False
        while not is_last:
            head, size = self._take(2)
            size &= 0x7F
            if size == 126:
                size = int.from_bytes(self._take(2), "big")
            elif size == 127:
                size = int.from_bytes(self._take(8), "big")
            mask = self._take(4)
            piece = bytes(byte ^ mask[index % 4] for index, byte in enumerate(self._take(size)))
            if head & 0x0F in (_CONTINUATION, _TEXT, _BINARY):
                whole, is_last = whole + piece, bool(head & 0x80)
        command: dict[str, Any] = json.loads(whole) if self.encoding == "json" else msgpack.decode(whole)
        return command


def _serve(connection: socket.socket, blobs: dict[str, bytes]) -> None:
    peer = _Peer(connection)
    peer.handshake()
    peer.send({"T": "success", "msg": "connected"})
    peer.command()
    peer.send({"T": "success", "msg": "authenticated"})
    state: dict[str, list[str]] = {"trades": [], "quotes": []}
    while not all(state.values()):
        command = peer.command()
        for channel in state:
            state[channel] += command.get(channel, [])
        implied = dict.fromkeys(("corrections", "cancelErrors"), state["trades"])
        peer.send({"T": "subscription", **state, **_NOTHING, **implied})
    while True:
        connection.sendall(blobs[peer.encoding])


def main() -> None:
    """Serve one client after another until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("per_frame", type=int)
    chosen = parser.parse_args()
    blobs = {
        encoding: b"".join(
            _framed(frame, encoding) for frame in payloads(100_000, chosen.per_frame, encoding)
        )
        for encoding in ("json", "msgpack")
    }
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_entertain, args=(connection, blobs), daemon=True).start()


def _entertain(connection: socket.socket, blobs: dict[str, bytes]) -> None:
    with contextlib.suppress(OSError, ConnectionError):
        _serve(connection, blobs)
    connection.close()


if __name__ == "__main__":
    main()
