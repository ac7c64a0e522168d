"""Who may be re-aged. For now: the operator's statement of consent; signed grants follow."""

from playingage.rights.consent import ConsentStatement, check_statement
from playingage.rights.record import record_statement, state_folder

__all__ = ["ConsentStatement", "check_statement", "record_statement", "state_folder"]
