"""The production folder: performers, keys and grants, archive, models, ledger. All of its I/O; `rights` decides.

    production = Production.find()
    grant = production.grant("ada", "train", titles=["Dawn"])       # or GrantError, saying what is missing
    production.ledger.append("train", performer="ada", grant=grant, package=sha256)
"""

from playingage.production.filing import Filed, Filing
from playingage.production.folder import Production
from playingage.production.ledger import Ledger
from playingage.production.performers import Performer, ProductionError
from playingage.rights.chain import Chain, Entry, LedgerError

__all__ = ["Chain", "Entry", "Filed", "Filing", "Ledger", "LedgerError", "Performer", "Production", "ProductionError"]
