"""The production's word on ingest: the grant it needs, and the ledger that records it."""

from dataclasses import dataclass
from typing import Any

from playingage.production import Production
from playingage.rights import Use


@dataclass(frozen=True, slots=True)
class ProductionPermit:
    """Asks a production's grants, and writes to its ledger; see `ingest.Permit`."""

    production: Production
    performer: str

    def grant(self, title: str) -> str:
        """SHA-256 of the grant in force that covers taking in this title. Raises GrantError."""
        return self.production.grant(self.performer, Use.INGEST, titles=[title]).sha256

    def record(self, event: str, title: str, **details: Any) -> None:
        """A line in the ledger."""
        grant = details.pop("grant", None)
        self.production.ledger.append(
            "ingest", performer=self.performer, grant=grant, phase=event, title=title, **details
        )
