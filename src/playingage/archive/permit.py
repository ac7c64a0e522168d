"""The production's word on ingest: the grant it needs, and the ledger that records it."""

from dataclasses import dataclass, field
from typing import Any

from playingage.production import Production
from playingage.rights import Use


@dataclass(frozen=True, slots=True)
class ProductionPermit:
    """Asks a production's grants, and writes to its ledger; see `ingest.Permit`."""

    production: Production
    performer: str
    _known: dict[str, str] = field(default_factory=dict)

    def grant(self, title: str) -> str:
        """SHA-256 of the grant in force that covers taking in this title, as it was first asked. Raises GrantError."""
        if title not in self._known:
            self._known[title] = self.production.grant(self.performer, Use.INGEST, titles=[title]).sha256
        return self._known[title]

    def record(self, event: str, title: str, **details: Any) -> None:
        """A line in the ledger."""
        grant = details.pop("grant", None)
        self.production.ledger.append(
            "ingest", performer=self.performer, grant=grant, phase=event, title=title, **details
        )
