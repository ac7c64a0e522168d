"""Takes: recorded while the picture is live, read back frame by frame. Format: docs/formats/take.md.

Calls point downward: `recorder` (threads) -> `disk` -> `writer` -> media; `sealing` and `uses` -> `reader`. The
recorder's threads are its own; a `Take` may be read from any thread, while it is being recorded too.
"""

from playingage.live.takes.names import PICTURES, TakeError, is_name, name_of, take_folders
from playingage.live.takes.reader import Take, TakeFrame
from playingage.live.takes.recorder import TakeRecorder
from playingage.live.takes.sealing import recover, recover_all, seal
from playingage.live.takes.settings import RecorderSettings
from playingage.live.takes.uses import Record, TakeUse, into_ledger, uses_of
from playingage.live.takes.writer import FORMAT, VERSION, add_mark, is_recording

__all__ = [
    "FORMAT", "PICTURES", "VERSION", "Record", "RecorderSettings", "Take", "TakeError", "TakeFrame", "TakeRecorder",
    "TakeUse", "add_mark", "into_ledger", "is_name", "is_recording", "name_of", "recover", "recover_all", "seal",
    "take_folders", "uses_of",
]
