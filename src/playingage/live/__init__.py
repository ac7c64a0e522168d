"""Live: one clock, two pictures, bounded delay.

Calls point downward only (live -> media, frames, core); `web` imports this package, never the reverse. Who owns what:

- The capture thread owns the source: it alone reads it, notices its loss and tries again. It looks for faces in each
  frame when the re-ager has two steps, so that the engine thread has a frame's whole time for the network. While
  the engine is stuck on a frame, it hands on the camera's picture with words in place of the aged one.
- The engine thread owns the re-ager and the last good aged picture. It makes the pairs.
- The encoder thread scales and compresses each pair once for every size that a viewer wants now.
- The thread of a viewer (the web server's event loop) takes from that viewer's own slot.

Between any two of them stands a `Mailbox` of one slot: the newest thing wins, what it replaces is dropped and counted
under the name of the place (`capture`, `engine`, `viewer`). Nothing queues, so nothing can make the delay grow. What
threads share besides mailboxes (`LiveStats`, the asked age, each viewer's flow control) is small and locked.
"""

from playingage.live.encode import Jpeg, encode_picture, scaled_size
from playingage.live.feed import Delivery, Feed
from playingage.live.mailbox import Mailbox
from playingage.live.pair import Pair, Verdict, View, judge
from playingage.live.ports import FaceNote, Job, Reaged, Reager, TwoStepReager
from playingage.live.run import LiveRun
from playingage.live.settings import LiveSettings
from playingage.live.stats import LiveStats
from playingage.live.viewer import Viewer, Want

__all__ = [
    "Delivery",
    "FaceNote",
    "Feed",
    "Job",
    "Jpeg",
    "LiveRun",
    "LiveSettings",
    "LiveStats",
    "Mailbox",
    "Pair",
    "Reaged",
    "Reager",
    "TwoStepReager",
    "Verdict",
    "View",
    "Viewer",
    "Want",
    "encode_picture",
    "judge",
    "scaled_size",
]
