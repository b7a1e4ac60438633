"""How the C library keeps memory that is no longer used: as little as it can. For the start of the process, before it has threads.

Left alone, glibc learns from the first derivation of a pickup code (16 MB) to keep blocks of that size, and keeps one for each
thread that ever asked for one: 30 MB and more of a Pi's memory for nothing.
"""

import ctypes

_M_MMAP_THRESHOLD = -3  # mallopt(3)
_LARGE_BYTES = 1 << 20  # from this size on a block is the kernel's again as soon as it is freed


def give_back_large_blocks() -> bool:
    """From now on. False: another C library than glibc, which needs no telling."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES) == 1
