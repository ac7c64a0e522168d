"""The command line: one module per command. The only place that prints, and that turns errors into exit codes.

0: done. 1: a check found something to mend (`schedule check`); or a bug of ours, with its traceback.
2: wrong arguments, unreadable input, anything the message says how to mend.
130: Ctrl-C. 141: nobody reads the output any more. 143: `kill`.
"""

from playingage.cli.app import main

__all__ = ["main"]
