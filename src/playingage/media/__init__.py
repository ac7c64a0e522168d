"""Sources and sinks of pictures: files, sequences, devices, streams, a test pattern. PyAV is used here only."""

from playingage.media.opening import open_sink, open_source
from playingage.media.ports import Sink, Source, SourceInfo

__all__ = ["Sink", "Source", "SourceInfo", "open_sink", "open_source"]
