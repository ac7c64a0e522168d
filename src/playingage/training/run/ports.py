"""What the loop asks of whoever learns: the port between the frame around a training and the learning itself."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn, optim

Batch = Mapping[str, Tensor]
"""Samples by name, the first axis counts them; made on the processor, moved by the loop."""


class Learner(Protocol):
    """Everything that is learned of a performer. The loop owns time, disk and devices; the learner owns the rest.

    The loop moves `module` to the device, puts the averaged weights into it for `held_out`, `preview` and `export`
    (in `eval` mode, without gradients), and the learned ones back afterwards.
    """

    @property
    def module(self) -> nn.Module:
        """Called with a batch, it returns the weighted terms of the loss, each one number: their sum is learned."""
        ...

    def optimiser(self) -> optim.Optimizer:
        """A new optimiser of the module's parameters. Its groups' rates are scaled by the loop's schedule."""
        ...

    def batch(self, step: int) -> dict[str, Tensor]:
        """The samples of a step: a function of the seed and `step` alone, with no random state of its own.

        Called on another thread than the module, in order, a few steps ahead. Where several processes learn together,
        the loop gives each of them numbers of its own, step * processes + rank.
        """
        ...

    def held_out(self) -> Iterator[dict[str, Tensor]]:
        """Batches of held-out frames, the same every time; none where the archive is too small."""
        ...

    def preview(self) -> NDArray[np.uint8]:
        """Contact sheet, H x W x 3 RGB."""
        ...

    def describe(self) -> dict[str, Any]:
        """Plain JSON. `settings`: what of the learner shapes the result; `coverage`: [[age, weight 0..1], ...].

        A run goes on only with the same `settings`. Further entries are recorded as they are.
        """
        ...

    def export(self, folder: Path, record: str) -> Path:
        """Write the model package into the empty `folder` and return its path (`folder`, or something in it).

        The module is on the processor then. `record` is the SHA-256 of the training record, for model.json.
        """
        ...
