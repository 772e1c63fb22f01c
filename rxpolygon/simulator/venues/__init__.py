"""The vendors' protocols as their servers speak them, apart from markets, sockets and threads."""
