"""How long, how fast, how exactly is learned."""

from dataclasses import dataclass, fields
from typing import Any

from playingage.core import SettingError

PRECISIONS = ("32-true", "bf16-mixed")
ACCELERATORS = ("auto", "cpu", "cuda")
SIZES = (256, 512, 1024)
FREE = ("accelerator", "devices", "save_every", "save_seconds", "preview_every")
"""Settings that may change when a run goes on, since they do not shape what is learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Settings of a run. Raises SettingError where a value does not fit.

    steps: in all. warm: steps over which the rate climbs. fall: last share of the steps over which it falls straight
    to a hundredth. average: factor of the running average of the weights, which is what is previewed and exported.
    clip: longest gradient. precision: as Fabric names it. accelerator, devices: what runs it, in this machine.
    log_every, held_out_every, preview_every, save_every: steps; save_seconds: or so long after the last save.
    patience: looks at the held-out frames without a better one before the run ends early; 0 never.
    size, stills: for the learner, side of the crop in pixels, and whether the archive is a few stills.
    """

    steps: int = 1000
    warm: int = 100
    fall: float = 0.6
    average: float = 0.998
    clip: float = 1.0
    precision: str = "32-true"
    accelerator: str = "auto"
    devices: int = 1
    seed: int = 7
    log_every: int = 10
    held_out_every: int = 50
    preview_every: int = 200
    patience: int = 10
    save_every: int = 500
    save_seconds: float = 120.0
    size: int = 512
    stills: bool = False

    def __post_init__(self) -> None:
        for name in ("steps", "devices", "log_every", "held_out_every", "preview_every", "save_every"):
            if getattr(self, name) < 1:
                raise SettingError(f"{getattr(self, name)} {name} make no sense", "Give 1 or more.")
        if min(self.warm, self.patience, self.save_seconds) < 0:
            raise SettingError("warm, patience and save_seconds are 0 or more")
        if not 0 <= self.seed < 1 << 32:
            raise SettingError(f"seed {self.seed} is not between 0 and {(1 << 32) - 1}")
        if not (0 < self.fall <= 1 and 0 <= self.average < 1 and self.clip > 0):
            raise SettingError("fall lies in 0..1, average below 1, clip above 0")
        for name, known in (("precision", PRECISIONS), ("accelerator", ACCELERATORS), ("size", SIZES)):
            if getattr(self, name) not in known:
                raise SettingError(f"{name} {getattr(self, name)!r} is not known", f"Choose {_either(known)}.")

    @property
    def shaping(self) -> dict[str, Any]:
        """What of it shapes the result."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name not in FREE}

    def factor(self, step: int) -> float:
        """By which the optimiser's rates are multiplied at a step."""
        left = (self.steps - step) / (self.fall * self.steps)
        return min(1.0, (step + 1) / max(1, self.warm), max(left, 0.01))


def _either(known: tuple[object, ...]) -> str:
    return f"{', '.join(map(str, known[:-1]))} or {known[-1]}"
