"""A grant in words: the file that people fill in, and what is shown before anybody signs."""

import json
from collections.abc import Sequence

from playingage.rights.statement import ANY_TITLE, FORMAT, VERSION, GrantStatement, Named, Use

_USES = {
    Use.INGEST: "footage of the performer is taken into the production's archive",
    Use.TRAIN: "a network learns the performer's face from that footage (taking it in is part of that)",
    Use.LIVE: "the performer is re-aged on monitors while shooting",
    Use.RENDER: "the performer is re-aged in recorded pictures",
}
_CAPACITIES = {
    "self": "the performer", "representative": "an authorised representative of the performer",
    "estate": "the estate of the performer, who has died",
}


def template(
    *, id: str, performer: Named, production: Named, signer: str, capacity: str, description: str,
    ages: tuple[float, float] | None, uses: Sequence[str], titles: Sequence[str], valid_from: str,
    valid_until: str | None, posthumous: bool, contact: str,
) -> str:
    """An unsigned statement as TOML, with words on every field. Empty fields are to be filled in."""
    until = f"valid_until = {_toml(valid_until)}" if valid_until else '# valid_until = "2030-12-31"'
    span = f"ages = [{ages[0]:g}, {ages[1]:g}]" if ages else "ages = []   # TO FILL IN, as [20, 70]"
    uses_known = "\n".join(f"#   {use}: {words}" for use, words in _USES.items())
    return f"""\
# What {performer.name} agrees to. Nothing counts until it is signed: playingage grant sign THIS-FILE --key KEY.pem
# Lines that begin with # are for people; they are not signed.

format = "{FORMAT}"
version = {VERSION}
id = {_toml(id)}

# What will be done, so that it can be told from other things: which role, which scenes, younger or older, where it will
# be shown. At least 20 characters.
description = {_toml(description)}

# Youngest and oldest playing age, in years.
{span}

# What it is for; leave out what is not wanted.
{uses_known}
uses = {_toml(list(uses))}

# Titles of the material that may be learnt from; ["*"] means any.
titles = {_toml(list(titles))}

# First and last day, in UTC. Without valid_until it has no end, other than being revoked.
valid_from = {_toml(valid_from)}
{until}

# Whether it still counts after the performer's death.
posthumous = {_toml(posthumous)}

# Where the signer can be reached.
contact = {_toml(contact)}

[performer]
id = {_toml(performer.id)}
name = {_toml(performer.name)}

# Who signs. capacity: self, representative or estate.
[signer]
name = {_toml(signer)}
capacity = {_toml(capacity)}

[production]
id = {_toml(production.id)}
name = {_toml(production.name)}
"""


def in_words(said: GrantStatement) -> tuple[str, ...]:
    """What a statement says, for people, line by line."""
    low, high = said.ages
    until = f"until {said.valid_until}" if said.valid_until else "without an end"
    titles = "any title" if ANY_TITLE in said.titles else ", ".join(said.titles)
    return (
        f"Performer   {said.performer.name} ({said.performer.id})",
        f"Production  {said.production.name} ({said.production.id})",
        f"Signed by   {said.signer.name}, {_CAPACITIES[said.signer.capacity]}",
        f"For         {said.description}",
        f"Ages        {low:g} to {high:g}",
        *(f"{'Uses' if n == 0 else '':<12}{use}: {_USES[use]}" for n, use in enumerate(said.uses)),
        f"Material    {titles}",
        f"Valid       from {said.valid_from} {until}, unless revoked",
        f"Posthumous  {'yes' if said.posthumous else 'no'}",
        f"Contact     {said.contact}",
        *(f"Also        {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in said.extra.items()),
    )


def _toml(value: object) -> str:
    """A text, truth or list of texts as TOML writes it; there it is as in JSON, but for one sign."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
