"""Playing Age gives a performer any playing age, live on set and in the final picture.

    import playingage
    reager = playingage.load()
    out = reager(image, age=30)        # RGB array in, the same shape and dtype out
"""

from pathlib import Path
from typing import TYPE_CHECKING

from playingage.core import PlayingAgeError

if TYPE_CHECKING:
    from playingage.engine.api import Reager
    from playingage.rights import Grant

__version__ = "0.1.0"
__all__ = ["PlayingAgeError", "__version__", "load"]


def load(
    model: "str | Path" = "default", *, size: int = 512, device: str = "CPU", precision: str | None = None,
    threads: int = 1, grant: "Grant | None" = None,
) -> "Reager":
    """A re-ager, ready to call; see `playingage.engine.api.load` for the arguments and errors."""
    from playingage.engine.api import load as load_reager  # the run time is loaded when it is needed, not by --help

    return load_reager(model, size=size, device=device, precision=precision, threads=threads, grant=grant)
