"""How far the default re-ager speaks for this performer: its change held against what the archive shows.

Also where the archive ends: a performer goes on ageing for some years as they did in the last ones known.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import torch
from torch.nn import functional

from playingage.training.arrays import Array, f32
from playingage.training.network import GRID, WORK, Reager
from playingage.training.performer.atlas import Atlas
from playingage.training.performer.eras import eras_of
from playingage.training.performer.frames import FULL, EraFrame, crop_of, unwrap
from playingage.training.performer.pictures import LUMA
from playingage.training.portraits import CROP, WIDE

_FRONTAL = 15.0
_SOME = 4
"""Frames of an era that the default is tried on."""
_DOUBT = 0.3
"""Weight of the belief that a performer ages as everybody does, against all that the archive shows."""
_BEYOND = 8.0
"""Years for which a performer's own trend is followed beyond the archive, at `_PACE` of its speed."""
_PACE = 0.6


def likeness(frames: Sequence[EraFrame], atlas: Atlas, default: Reager) -> tuple[float, float, float]:
    """For shape, colour and detail the factor (0..1) on the default's change that suits this performer best.

    Least squares between the default's change and the archive's over neighbouring eras, both on the mean face, with a
    belief in 1. With one era it is 1.
    """
    eras = eras_of(frames)
    both, own = np.zeros(3), np.zeros(3)
    neighbours = [(i, j) for i in range(len(eras)) for j in (i - 1, i + 1) if 0 <= j < len(eras)]
    for k, near in neighbours:
        chosen = sorted(eras[k].frames, key=lambda i: abs(frames[i].yaw))[:_SOME]
        tried = [_changes(frames[i], eras[near].age, default) for i in chosen if abs(frames[i].yaw) < _FRONTAL]
        if not tried:
            continue
        shown = [part[near] - part[k] for part in (atlas.shape, atlas.colour, atlas.detail)]
        share = np.minimum(atlas.share[k], atlas.share[near])
        for p in range(3):
            guess = np.mean([parts[p][0] for parts in tried], axis=0)
            seen = np.mean([parts[p][1] for parts in tried], axis=0)
            both[p] += float((guess * shown[p] * seen).sum())
            own[p] += float((guess * guess * seen).sum() * max(share[p], 0.1))
    factor = (both + _DOUBT * own) / np.maximum(own * (1 + _DOUBT), 1e-12)
    shape, colour, detail = np.where(own > 0, np.clip(factor, 0, 1), 1.0)
    return float(shape), float(colour), float(detail)


def _changes(frame: EraFrame, age: float, default: Reager) -> list[tuple[Array, Array]]:
    """The default's change of shape (2GG), colour (3GG) and detail (TT) in the atlas' units, each with where it counts.
    """
    edge = frame.rgb.shape[0] * (WIDE - CROP) // WIDE // 2
    inner = frame.rgb[edge:-edge, edge:-edge]
    picture = torch.from_numpy(crop_of(frame).transpose(2, 0, 1).copy())[None]
    source, target = (torch.full((1, 1, WORK, WORK), years / 100) for years in (frame.age, age))
    with torch.inference_mode():
        plan = default.plan(picture, source, target)
        delta, _ = default.act(picture, plan)
    after = frame.rgb.copy()
    wide = cv2.resize(delta[0].permute(1, 2, 0).numpy(), inner.shape[:2], interpolation=cv2.INTER_LINEAR)
    after[edge:-edge, edge:-edge] = np.clip(f32(inner) + f32(wide) * 255, 0, 255).astype(np.uint8)
    before, aged = unwrap(frame), unwrap(replace(frame, rgb=after))
    seen = f32(before.seen) / 255
    change = (f32(aged.log) - f32(before.log)) * seen[..., None]
    colour = f32(cv2.resize(change, (GRID, GRID), interpolation=cv2.INTER_AREA))
    detail = change @ LUMA - cv2.resize(f32(colour @ LUMA), (FULL, FULL), interpolation=cv2.INTER_LINEAR)
    small = f32(cv2.resize(seen, (GRID, GRID), interpolation=cv2.INTER_AREA))
    shape = -functional.interpolate(plan.warp, size=GRID)[0].numpy()
    return [(shape, small[None]), (colour.transpose(2, 0, 1), small[None]), (f32(detail), f32(seen))]


def continued(atlas: Atlas) -> Atlas:
    """The atlas with an era more at either end, where the performer's own trend is followed, half known."""
    if len(atlas.ages) < 2:
        return atlas
    for end, inner in ((0, 1), (-1, -2)):
        gap = float(atlas.ages[end] - atlas.ages[inner])
        age = atlas.ages[end] + np.sign(gap) * _BEYOND
        speed = _PACE * _BEYOND / max(abs(gap), _BEYOND)

        def on(table: Array, first: bool = end == 0, end: int = end, inner: int = inner, by: float = speed) -> Array:
            more = (table[end] + by * (table[end] - table[inner]))[None]
            return f32(np.concatenate([more, table] if first else [table, more]))

        share = 0.5 * atlas.share[end][None]
        parts = [share, atlas.share] if end == 0 else [atlas.share, share]
        beyond = f32([age])
        ages = [beyond, atlas.ages] if end == 0 else [atlas.ages, beyond]
        atlas = Atlas(ages=f32(np.concatenate(ages)), shape=on(atlas.shape), colour=on(atlas.colour),
                      detail=on(atlas.detail), gain=on(atlas.gain), share=f32(np.concatenate(parts)))
    return atlas
