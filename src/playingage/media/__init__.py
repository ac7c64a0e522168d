"""Sources and sinks of pictures: files, sequences, devices, streams, a test pattern. PyAV is used here only.

Calls point downward: `opening` picks an adapter (`clip`, `pictures`, `stream`, `pattern`; `clip_sink`, `picture_sink`),
the adapters use `unpack`/`pack`, `tags`, `timing`, `staging`, `deinterlace`. Around a live source stand, from the
inside: `GuardedSource`, which owns a thread that opens and reads what may hang; `ReconnectingSource` or `PacedSource`;
`LabelledSource`, by which every frame has timecode. What time a picture has is decided in `counting`, what label in
`labels` and `ltc`, without I/O. A source or sink belongs to one thread at a time; only `close()` of these wrappers may
come from another, and `info` and `faults` may be read from any.
"""

from playingage.media.address import Kind, SequenceName, kind_of
from playingage.media.base import faults_of
from playingage.media.clip import ClipSource
from playingage.media.clip_sink import ClipSink
from playingage.media.counting import Faults
from playingage.media.inspection import MediaReport, StreamInfo, inspect_media
from playingage.media.labelled import LabelledSource
from playingage.media.opening import open_sink, open_source, open_stored
from playingage.media.pacing import PacedSource
from playingage.media.pattern import PatternSettings, PatternSource, read_number
from playingage.media.picture_sink import PictureSink, SequenceSink
from playingage.media.pictures import PictureSource
from playingage.media.ports import Sink, Source, SourceInfo
from playingage.media.reconnect import Connection, ReconnectingSource
from playingage.media.rules import ClipFormat, choose_format
from playingage.media.stream import DeviceSource, StreamSource

__all__ = [
    "ClipFormat", "ClipSink", "ClipSource", "Connection", "DeviceSource", "Faults", "Kind", "LabelledSource",
    "MediaReport", "PacedSource", "PatternSettings", "PatternSource", "PictureSink", "PictureSource",
    "ReconnectingSource", "SequenceName", "SequenceSink", "Sink", "Source", "SourceInfo", "StreamInfo", "StreamSource",
    "choose_format",
    "faults_of", "inspect_media", "kind_of", "open_sink", "open_source", "open_stored", "read_number",
]
