"""Live: one clock, two pictures, bounded delay.

Calls point downward only (live -> engine, media, frames, core); `web` imports this package, never the reverse. Who
owns what:

- The capture thread owns the source: it alone reads it, notices its loss and tries again. It looks for faces in each
  frame when the re-ager has two steps, so that the engine thread has a frame's whole time for the network. While
  the engine is stuck on a frame, it hands on the camera's picture with words in place of the aged one.
- The engine thread owns the re-ager and the last good aged picture. It makes the pairs.
- The encoder thread scales and compresses each pair once for every size that a viewer wants now.
- The thread of a viewer (the web server's event loop) takes from that viewer's own slot.

Between any two of them stands a `Mailbox` of one slot: the newest thing wins, what it replaces is dropped and counted
under the name of the place (`capture`, `engine`, `viewer`). Nothing queues, so nothing can make the delay grow. What
threads share besides mailboxes (`LiveStats`, the on-set state, each viewer's flow control) is small and locked.
What is asked of a frame is read from the `Direction` when the engine takes that frame: an act on a console holds from
the next frame on.
"""

from playingage.live.direction import Direction, Told
from playingage.live.encode import Jpeg, encode_picture, scaled_size
from playingage.live.feed import Delivery, Feed
from playingage.live.mailbox import Mailbox
from playingage.live.pair import Pair, Verdict, View, judge
from playingage.live.parts import Granted, PartFacts
from playingage.live.ports import FaceNote, Job, Pinner, Reaged, Reager, Recorder, Schedule, TwoStepReager
from playingage.live.run import LiveRun
from playingage.live.settings import LiveSettings
from playingage.live.stage import Orders
from playingage.live.state import PerformerNow, SceneNow, SetState, Slate
from playingage.live.stats import LiveStats
from playingage.live.viewer import Viewer, Want

__all__ = [
    "Delivery",
    "Direction",
    "FaceNote",
    "Feed",
    "Granted",
    "Job",
    "Jpeg",
    "LiveRun",
    "LiveSettings",
    "LiveStats",
    "Mailbox",
    "Orders",
    "Pair",
    "PartFacts",
    "PerformerNow",
    "Pinner",
    "Reaged",
    "Reager",
    "Recorder",
    "SceneNow",
    "Schedule",
    "SetState",
    "Slate",
    "Told",
    "TwoStepReager",
    "Verdict",
    "View",
    "Viewer",
    "Want",
    "encode_picture",
    "judge",
    "scaled_size",
]
