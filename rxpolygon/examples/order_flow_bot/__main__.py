"""``python -m rxpolygon.examples.order_flow_bot``."""

import os
import sys

from rxpolygon.examples.order_flow_bot.command import main

try:
    status = main()
except BrokenPipeError:  # `| head` has enough; Python's own flush at the end must not fail again
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    status = 0
sys.exit(status)
