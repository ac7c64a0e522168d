"""How footage is taken in."""

from dataclasses import asdict, dataclass

from playingage.core import canonical_json, sha256_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    """looks: frames a second in which faces are looked for. least: smallest eye distance in pixels.

    samples: faces kept of one track until its shot ends. memory: bytes of pictures of a running shot.
    chunk: seconds of footage after which work is put aside at the next shot. most: faces kept of a title.
    each: of one bin of pose x expression x light. same: distance under which two faces are the same person's;
    doubt: how far above it a person is to decide. margin: how much nearer the performer must be than anybody else.
    nearest: years within which the performer's known faces serve as further references. hidden: part of a face, 0..1,
    that may be behind something.
    """

    looks: float = 6.0
    least: float = 20.0
    samples: int = 24
    memory: int = 256 << 20
    chunk: float = 10.0
    most: int = 1200
    each: int = 24
    same: float = 0.55
    doubt: float = 0.05
    margin: float = 0.04
    nearest: float = 15.0
    hidden: float = 0.3

    def __post_init__(self) -> None:
        if not (0 < self.looks <= 1000 and self.least >= 8 and self.samples >= 2 and self.chunk >= 0):
            raise ValueError("looks, least, samples or chunk out of range")
        if self.most < 1 or self.each < 1 or not 0 < self.same < 2 or self.doubt < 0 or self.margin < 0:
            raise ValueError("most, each, same, doubt or margin out of range")

    @property
    def sha256(self) -> str:
        """Names the settings: work begun with others does not go on."""
        return sha256_bytes(canonical_json(asdict(self)))
