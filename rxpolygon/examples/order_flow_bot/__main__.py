"""``python -m rxpolygon.examples.order_flow_bot``."""

import sys

from rxpolygon.examples.order_flow_bot.command import main

sys.exit(main())
