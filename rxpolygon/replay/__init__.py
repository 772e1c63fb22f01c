"""Replays of recordings, on a clock of their own."""

from rxpolygon.replay.client import ReplayClient
from rxpolygon.replay.progress import ReplayProgress
from rxpolygon.replay.scheduler import ReplayScheduler
from rxpolygon.replay.sources import Feed, Source
from rxpolygon.replay.virtual import VirtualObservable

__all__ = ["Feed", "ReplayClient", "ReplayProgress", "ReplayScheduler", "Source", "VirtualObservable"]
