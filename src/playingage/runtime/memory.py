"""Keeping freed memory for the next frame, instead of giving it back and asking for it again."""

import ctypes
import sys

_TRIM, _MAPPED, _ARENAS = -1, -3, -8
"""glibc's numbers of M_TRIM_THRESHOLD, M_MMAP_THRESHOLD and M_ARENA_MAX."""
_LARGEST = 32 << 20
"""What glibc takes for M_MMAP_THRESHOLD at most: a frame of 4K in 8 bits."""
_KEPT = 128 << 20


def keep_memory() -> bool:
    """Have the process keep what it frees, up to 128 MiB; whether that can be asked here (glibc alone).

    A frame's large arrays come and go all the time. Given back to the system each time, they must be mapped and
    cleared page by page again, which takes 5 ms of a close-up's frame. All threads share one heap, so that what one
    frees serves another, and the process does not grow by what each of them keeps.
    """
    if sys.platform != "linux":
        return False
    try:
        set_option = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library
        return False
    return all(bool(set_option(*each)) for each in ((_ARENAS, 1), (_TRIM, _KEPT), (_MAPPED, _LARGEST)))
