"""Who may be re-aged, for what, and the proof of it. Decisions: keys, grants, revocations; time is passed in.

`issue` alone makes a `Grant`, which ingest, training, loading and rendering ask for. For people without a model of
their own stands the operator's statement of consent.
"""

from playingage.rights.consent import ConsentStatement, check_statement
from playingage.rights.documents import GrantError, RightsError
from playingage.rights.grant import Grant, Revocation, issue
from playingage.rights.keys import TrustedKey, TrustedKeys
from playingage.rights.record import record_statement, state_folder
from playingage.rights.rotation import KeyCard, rotate, write_rotation
from playingage.rights.signing import BadKeyError, PublicKey, SigningKey
from playingage.rights.statement import GrantStatement, Named, Signer, Use

__all__ = [
    "BadKeyError", "ConsentStatement", "Grant", "GrantError", "GrantStatement", "KeyCard", "Named", "PublicKey",
    "Revocation", "RightsError", "Signer", "SigningKey", "TrustedKey", "TrustedKeys", "Use", "check_statement", "issue",
    "record_statement", "rotate", "state_folder", "write_rotation",
]
