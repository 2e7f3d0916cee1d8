"""Memory that blocks of lines leave, kept for the next ones."""

from __future__ import annotations

from functools import cache

KEPT = 48 * 1024 * 1024
"""Most bytes that are free at the end of the heap and not given back: some ten times what a block needs."""
OF_HEAP = 16 * 1024 * 1024
"""From so many bytes on, memory does not come from the heap, but from the system and goes back to it."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc


@cache
def keep_freed_memory() -> None:
    """Let this process keep memory that it frees, where the C library can be told so (glibc).

    Else what a block needed is given back when it is done, and is asked for again, page by page, for the next
    one: half of all system time of a split.
    """
    try:
        import ctypes  # here, since a process that splits nothing does not need it
    except ImportError:  # a Python that was built without it
        return
    if (set_option := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        set_option(_M_TRIM_THRESHOLD, KEPT)
        set_option(_M_MMAP_THRESHOLD, OF_HEAP)
