"""What a derivation of a code takes is the machine's again afterwards, whichever thread asked."""

import subprocess
import sys

import pytest

from edge.memory import give_back_large_blocks

_DERIVE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
import psutil
from edge.memory import give_back_large_blocks
from edge.wire.pickup import Scrypt, secret_key

THREADS = 3
if sys.argv[1] == "told":
    give_back_large_blocks()
together = Barrier(THREADS)

def derive(code):
    together.wait()
    for _ in range(2):  # the first teaches an untold library to keep them
        secret_key(str(code), Scrypt(salt=bytes(16)))

before = psutil.Process().memory_info().rss
with ThreadPoolExecutor(THREADS) as pool:
    list(pool.map(derive, range(THREADS)))
    print(psutil.Process().memory_info().rss - before)
"""
BLOCK_BYTES = 16 << 20


@pytest.mark.slow
@pytest.mark.skipif(not give_back_large_blocks(), reason="another C library than glibc")
def test_a_code_that_was_derived_leaves_no_memory_behind() -> None:
    assert kept_bytes("told") < BLOCK_BYTES // 2
    assert kept_bytes("untold") > BLOCK_BYTES  # else there would be nothing to tell it


def kept_bytes(how: str) -> int:
    """In a process of its own: what is told holds for all of it."""
    return int(subprocess.run([sys.executable, "-c", _DERIVE, how], check=True, capture_output=True, text=True).stdout)
