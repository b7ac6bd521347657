"""Open mutated files, one after the other; run by `test_fuzz.py` in a process of its own.

A file that takes too long ends the process, in whatever code it hangs. Prints one line of JSON.
"""

from __future__ import annotations

import faulthandler
import json
import struct
import sys
import traceback
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.odd_files import files
from fetal_model.scan import Clip, ScanError, open_all

SECONDS_A_FILE = 120
# A child process a file: few of them are tried.
SLOW = ("jpeg-ls.dcm", "jpeg-lossless.dcm", "sweep.mp4", "sweep.avi")
ONE_IN = 150
# What is refused whatever is changed, or takes its time for its size alone.
LEFT_OUT = ("bomb", "empty", "noise", "zeros", "forged", "cut", "promises")
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def mutate(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Change a file in one or two of the ways in which files are broken."""
    made = bytearray(data)
    for _ in range(1 + int(rng.random() < 0.3)):
        # Most of what decides is at the front.
        span = len(made) if rng.random() < 0.5 else min(len(made), 700)
        at = int(rng.integers(0, max(1, span)))
        way = rng.integers(5)
        if way == 0 and made:
            for position in rng.integers(0, span, rng.integers(1, 9)):
                made[position] ^= 1 << int(rng.integers(8))
        elif way == 1:
            del made[at:]
        elif way == 2:
            piece = int(rng.integers(0, max(1, len(other))))
            made[at : at + int(rng.integers(0, 200))] = other[piece : piece + 200]
        elif way == 3:
            order = "<>"[rng.integers(2)] + "BHLL"[rng.integers(4)]
            size = struct.calcsize(order)
            value = EXTREMES[rng.integers(len(EXTREMES))] % 256**size
            made[at : at + size] = struct.pack(order, value)
        else:
            length = int(rng.integers(1, 64))
            made[at : at + length] = made[at : at + length] * int(rng.integers(0, 4))
    return bytes(made)


def peak_bytes() -> int:
    """The most memory this process has had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main(first: int, count: int) -> None:
    """Mutate and open the files with these numbers; the same number is the same file."""
    warnings.simplefilter("ignore")
    seeds = {name: data for name, data in files() if not any(word in name for word in LEFT_OUT)}
    quick = [name for name in seeds if name not in SLOW]
    outcomes: Counter[str] = Counter()
    failures: list[str] = []
    for number in range(first, first + count):
        rng = np.random.default_rng(number)
        name = str(rng.choice(SLOW if number % ONE_IN == 0 else quick))
        data = mutate(seeds[name], seeds[str(rng.choice(quick))], rng)
        faulthandler.dump_traceback_later(SECONDS_A_FILE, exit=True)
        print(number, name, file=sys.stderr, flush=True)
        try:
            for _, made in open_all([(name, data)]):
                outcomes[type(made).__name__] += 1
                if isinstance(made, ScanError) and ": expected " not in str(made):
                    failures.append(f"{number} {name}: {made}")
                if isinstance(made, Clip):
                    for index in {0, len(made) // 2, len(made) - 1}:
                        next(made.frames([index]))
        except BaseException:
            failures.append(f"{number} {name}: {traceback.format_exc()}")
        faulthandler.cancel_dump_traceback_later()
    print(json.dumps({"outcomes": outcomes, "failures": failures, "peak": peak_bytes()}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
