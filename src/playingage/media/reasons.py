"""FFmpeg's errors in the words of a person."""

import errno

import av
from av.error import FFmpegError

_WORDS = {
    "Invalid data found when processing input": "it is not a picture or clip, or it is damaged or cut off",
    "Immediate exit requested": "the time limit passed without an answer",
    "Input/output error": "reading or writing failed (input/output error)",
    "End of file": "it ends before a picture is complete",
}


def reason_of(error: BaseException) -> str:
    """Why an FFmpeg call failed, as part of a sentence."""
    text = getattr(error, "strerror", None) or str(error)
    return _WORDS.get(text, text[:1].lower() + text[1:])


def is_timeout(error: BaseException) -> bool:
    """Whether a call ended because its time limit passed."""
    return isinstance(error, av.error.ExitError) or getattr(error, "errno", None) in (errno.ETIMEDOUT, errno.EAGAIN)


def is_full(error: BaseException) -> bool:
    """Whether a write failed because no more can be stored: disk, quota or file-size limit."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


__all__ = ["FFmpegError", "is_full", "is_timeout", "reason_of"]
