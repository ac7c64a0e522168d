"""What a face does, from its landmarks alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playingage.faces import Pose

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """mouth_open, smile, eyes_open, frown: 0..1. name: one of `row.EXPRESSIONS`."""

    mouth_open: float
    smile: float
    eyes_open: float
    frown: float
    name: str


def eye_distance(landmarks: F32) -> float:
    """Distance of the eye centres in pixels (landmarks 478 x 3), depth included: turned heads are not smaller."""
    left, right = (landmarks[33] + landmarks[133]) / 2, (landmarks[362] + landmarks[263]) / 2
    return float(np.linalg.norm(right - left))


def upright(landmarks: F32, pose: Pose) -> F32:
    """478 x 3: the landmarks turned to face the camera, in eye distances from between the eyes; y down."""
    yaw, pitch, roll = (np.radians(v) for v in (pose.yaw, pose.pitch, pose.roll))
    centre = landmarks[[33, 133, 362, 263]].mean(axis=0)
    about_z = np.array([[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    turned = (landmarks - centre) @ (about_x @ about_y @ about_z).T
    return np.asarray(turned / max(eye_distance(landmarks), 1e-6), np.float32)


def expression_of(landmarks: F32, pose: Pose) -> Expression:
    """The expression of a face (landmarks 478 x 3 in any pixels).

    The limits are from portraits: official ones, most of which smile, and of people caught in passing.
    """
    face = upright(landmarks, pose)

    def apart(a: int, b: int) -> float:
        return float(np.linalg.norm(face[a] - face[b]))

    gap = apart(13, 14) / max(apart(78, 308), 0.2)
    mouth_open = _part(gap, 0.04, 0.65)
    # Of the two eyes the one nearer to the camera is the surer.
    lids = [((159, 145), (33, 133)), ((386, 374), (362, 263))]
    eyes = [apart(*heights) / max(apart(*widths), 0.1) for heights, widths in lids]
    eye = eyes[0] if pose.yaw > 20 else eyes[1] if pose.yaw < -20 else (eyes[0] + eyes[1]) / 2
    eyes_open = _part(eye, 0.08, 0.30)
    # A smile widens the mouth and draws its corners towards the eyes.
    corners = (apart(61, 33) + apart(291, 263)) / 2
    smile = 0.5 * _part(apart(61, 291), 0.86, 1.04) + 0.5 * _part(corners, 1.08, 0.92)
    brows = float(np.mean([face[133, 1] - face[55, 1], face[362, 1] - face[285, 1]]))
    frown = _part(brows, 0.175, 0.135) * (1 - smile)
    return Expression(
        mouth_open=mouth_open, smile=smile, eyes_open=eyes_open, frown=frown,
        name=_name(mouth_open, smile, eyes_open, frown),
    )


def _name(mouth_open: float, smile: float, eyes_open: float, frown: float) -> str:
    if eyes_open < 0.2:
        return "blink"
    if smile >= 0.5:
        return "smile"
    if mouth_open >= 0.7:
        return "other"
    if mouth_open >= 0.18:
        return "talk"
    return "frown" if frown >= 0.5 else "neutral"


def _part(value: float, zero: float, one: float) -> float:
    return float(min(1.0, max(0.0, (value - zero) / (one - zero))))
