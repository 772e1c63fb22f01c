"""A bare websocket server in a process of its own that sends prepared frames as fast as they are read.

It speaks just enough of the protocol for any client to log in and subscribe; what it sends is the same
bytes for every client, so that clients can be compared. Run by the benchmarks.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import json
import random
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

SYMBOLS = 500
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def symbol(number: int) -> str:
    """The ticker with a number."""
    return f"S{number:05d}"


def trade(
    number: int, ticker: str, exchange: int, price: float, size: int, codes: Iterable[int], stamp: int
) -> str:
    """A trade as it stands on the wire."""
    return (
        f'{{"ev":"T","sym":"{ticker}","i":"{number}","x":{exchange},"p":{price:.2f},"s":{size},'
        f'"c":[{",".join(map(str, codes))}],"t":{stamp},"q":{number},"z":3}}'
    )


def quote(number: int, ticker: str, bid: float, bid_size: int, ask_size: int, stamp: int) -> str:
    """A quote as it stands on the wire, two cents wide."""
    return (
        f'{{"ev":"Q","sym":"{ticker}","bx":11,"bp":{bid:.2f},"bs":{bid_size},"ax":12,"ap":{bid + 0.02:.2f},'
        f'"as":{ask_size},"c":1,"t":{stamp},"q":{number},"z":3}}'
    )


def in_frames(events: list[str], per_frame: int) -> list[bytes]:
    """So many events together."""
    chunks = (events[start : start + per_frame] for start in range(0, len(events), per_frame))
    return [f"[{','.join(chunk)}]".encode() for chunk in chunks]


def payloads(events: int, per_frame: int, symbols: int, seed: int = 0) -> list[bytes]:
    """Frames of trades and quotes, half of each, over random symbols."""
    random_ = random.Random(seed)
    made = []
    for number in range(events):
        ticker = symbol(random_.randrange(symbols))
        stamp = 1_700_000_000_000 + number // 100
        if number % 2:
            exchange, price = random_.randrange(1, 20), random_.uniform(10, 500)
            made.append(trade(number, ticker, exchange, price, random_.randrange(1, 2000), (12, 37), stamp))
        else:
            price = random_.uniform(10, 500)
            sizes = random_.randrange(1, 50), random_.randrange(1, 50)
            made.append(quote(number, ticker, price, *sizes, stamp))
    return in_frames(made, per_frame)


@contextlib.contextmanager
def blasting(per_frame: int, symbols: int = SYMBOLS, tls: tuple[Path, Path] | None = None) -> Iterator[str]:
    """A running server; gives its URL without the cluster."""
    command = [sys.executable, "-m", "tests.benchmarks.blaster", str(per_frame), str(symbols)]
    if tls is not None:
        command += ["--certificate", str(tls[0]), "--key", str(tls[1])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        try:
            yield f"{'wss' if tls else 'ws'}://localhost:{port}"
        finally:
            process.kill()


def framed(payload: bytes) -> bytes:
    """A text frame of a server."""
    size = len(payload)
    if size < 126:
        return bytes([0x81, size]) + payload
    if size < 65_536:
        return b"\x81\x7e" + struct.pack(">H", size) + payload
    return b"\x81\x7f" + struct.pack(">Q", size) + payload


def _status(*pairs: tuple[str, str]) -> bytes:
    return framed(json.dumps([{"ev": "status", "status": s, "message": m} for s, m in pairs]).encode())


class _Peer:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""

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
        lines = (line.partition(b":") for line in head.split(b"\r\n"))
        key = next(value.strip() for name, _, value in lines if name.lower() == b"sec-websocket-key")
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        self._connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )

    def command(self) -> dict[str, str]:
        size = self._take(2)[1] & 0x7F
        if size == 126:
            size = int.from_bytes(self._take(2), "big")
        elif size == 127:
            size = int.from_bytes(self._take(8), "big")
        mask = self._take(4)
        text = bytes(byte ^ mask[index % 4] for index, byte in enumerate(self._take(size)))
        command: dict[str, str] = json.loads(text)
        return command


def _serve(connection: socket.socket, blob: bytes) -> None:
    peer = _Peer(connection)
    peer.handshake()
    connection.sendall(_status(("connected", "Connected Successfully")))
    peer.command()
    connection.sendall(_status(("auth_success", "authenticated")))
    topics: set[str] = set()
    while not {"T", "Q"} <= {topic.partition(".")[0] for topic in topics}:
        asked = peer.command()["params"].split(",")
        topics.update(asked)
        connection.sendall(_status(*(("success", f"subscribed to: {topic}") for topic in asked)))
    while True:
        connection.sendall(blob)


def main() -> None:
    """Serve one client after another until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("per_frame", type=int)
    parser.add_argument("symbols", type=int)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    chosen = parser.parse_args()
    blob = b"".join(map(framed, payloads(100_000, chosen.per_frame, chosen.symbols)))
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        files = (chosen.certificate, chosen.key) if chosen.certificate else None
        threading.Thread(target=_entertain, args=(connection, blob, files), daemon=True).start()


def _entertain(connection: socket.socket, blob: bytes, tls: tuple[str, str] | None) -> None:
    with contextlib.suppress(OSError, ConnectionError):
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            connection = context.wrap_socket(connection, server_side=True)
        _serve(connection, blob)
    connection.close()


if __name__ == "__main__":
    main()
