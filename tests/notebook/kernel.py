"""A real kernel, asked to run cells as a frontend asks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

__all__ = ["Kernel", "running_kernel"]

_LIMIT: Final = 120.0  # seconds, that only failures take


class Kernel:
    """A kernel and a client of it.

    Args:
        client: A started ``BlockingKernelClient`` of jupyter_client, which has no types.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def start(self, code: str, cell: str | None = None) -> str:
        """Begins to run a cell.

        Args:
            code: Its text.
            cell: Its id, as JupyterLab and others send it.

        Returns:
            The id of the request.
        """
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "allow_stdin": False,
            "stop_on_error": True,
        }
        message = self._client.session.msg("execute_request", content)
        if cell is not None:
            message["metadata"]["cellId"] = cell
        self._client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def until_idle(self, request: str) -> list[dict[str, Any]]:
        """What the kernel sends until it has run a cell, whatever it belongs to.

        Raises:
            AssertionError: The cell raised.
        """
        messages: list[dict[str, Any]] = []
        while True:
            message = self._client.get_iopub_msg(timeout=_LIMIT)
            messages.append(message)
            assert message["msg_type"] != "error", "\n".join(message["content"]["traceback"])
            is_own = message["parent_header"].get("msg_id") == request
            if is_own and message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return messages

    def until_drawn(self, text: str) -> None:
        """Waits until a table's widget is given a text, whatever runs."""
        while True:
            message = self._client.get_iopub_msg(timeout=_LIMIT)
            state = message["content"].get("data", {}).get("state", {})
            if message["msg_type"] == "comm_msg" and text in state.get("value", ""):
                return

    def run(self, code: str, cell: str | None = None) -> list[dict[str, Any]]:
        """Runs a cell; what the kernel sent meanwhile."""
        return self.until_idle(self.start(code, cell))

    def value(self, code: str) -> str:
        """The text of an expression's value."""
        results = [message for message in self.run(code) if message["msg_type"] == "execute_result"]
        return str(results[0]["content"]["data"]["text/plain"])


@contextmanager
def running_kernel() -> Iterator[Kernel]:
    """A new kernel of the environment that ``jupyter_home`` made; it is gone afterwards."""
    from jupyter_client.manager import KernelManager

    from tests.kernels import own_sockets

    with own_sockets() as config:
        manager = KernelManager(kernel_name="python3", config=config)
        manager.start_kernel()
        client = manager.client()
        try:
            client.start_channels()
            client.wait_for_ready(timeout=_LIMIT)
            yield Kernel(client)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()
