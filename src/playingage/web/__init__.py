"""Web: the monitors' pages, their socket and the control API, over `playingage.live`.

The server's own thread runs one asyncio event loop and owns everything in this package; it takes from the live path
only through each viewer's slot (`live.Viewer`), whose `wake` is handed over with `call_soon_threadsafe`. `live` knows
nothing of this package.
"""

from playingage.web.run import run_live
from playingage.web.server import MonitorServer
from playingage.web.settings import ServerSettings

__all__ = ["MonitorServer", "ServerSettings", "run_live"]
