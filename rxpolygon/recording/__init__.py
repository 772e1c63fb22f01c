"""Recordings: files of websocket frames with the times at which they were received.

JSON Lines, packed with gzip where the name ends in ``.gz`` and with zstandard where it ends in ``.zst``: one
line a frame, ``[<receive time, Unix ns>,<the frame as received>]``. A frame is bytes to be passed on, never
re-encoded.
"""

from rxpolygon.errors import RecordingError
from rxpolygon.recording.reader import RecordedFrame, Recording, read_frames
from rxpolygon.recording.recorder import Recorder, RecordingStats, record

__all__ = [
    "RecordedFrame",
    "Recorder",
    "Recording",
    "RecordingError",
    "RecordingStats",
    "read_frames",
    "record",
]
