"""How far a face may be changed, from what is known of it."""

from playingage.faces.face import Pose

_FULL_TURN, _NO_TURN = 50.0, 72.0
_FULL_PITCH, _NO_PITCH = 35.0, 55.0
_NO_CONFIDENCE, _FULL_CONFIDENCE = 0.5, 0.8


def ramp(value: float, zero: float, one: float) -> float:
    """0 at `zero`, 1 at `one`, smooth between (3t^2 - 2t^3); either may be the larger."""
    t = min(1.0, max(0.0, (value - zero) / (one - zero)))
    return t * t * (3 - 2 * t)


def presence(pose: Pose, confidence: float) -> float:
    """Strength 0..1 of a face: 1 while the landmarks hold, softly to 0 where they no longer do."""
    return (
        ramp(abs(pose.yaw), _NO_TURN, _FULL_TURN)
        * ramp(abs(pose.pitch), _NO_PITCH, _FULL_PITCH)
        * ramp(confidence, _NO_CONFIDENCE, _FULL_CONFIDENCE)
    )
