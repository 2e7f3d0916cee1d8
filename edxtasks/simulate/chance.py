"""Chance that can be repeated: numbers that hang on their arguments alone.

Everything in a simulated campus is a function of the campus' seed and of who, what and when it is about.
So a day can be simulated without the days before it, by any process, and two places that need the same
choice (the log of a submission and the state in the SQL dump) make it alike without talking.
"""

from __future__ import annotations

_MASK = (1 << 64) - 1


def mix(*parts: int) -> int:
    """A number of 64 bits that hangs on all of `parts` and on their order (the finalizer of splitmix64)."""
    state = 0x9E3779B97F4A7C15
    for part in parts:
        state = ((state ^ part) * 0xBF58476D1CE4E5B9) & _MASK
        state ^= state >> 27
        state = (state * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def fraction(*parts: int) -> float:
    """A number from 0 to below 1 that hangs on `parts`."""
    return (mix(*parts) >> 11) * 2.0**-53


def days_with(chance: float, first: int, days: int, *parts: int) -> int:
    """A bit for each day from `first` to before `days` on which something of that `chance` happens."""
    limit = int(chance * 65_536)
    result = 0
    for block in range(first // 4, (days + 3) // 4):
        draws = mix(block, *parts)
        for day in range(block * 4, block * 4 + 4):
            if first <= day < days and draws & 0xFFFF < limit:
                result |= 1 << day
            draws >>= 16
    return result


def hexadecimal(length: int, *parts: int) -> str:
    """`length` hexadecimal digits that hang on `parts`."""
    digits = ""
    while len(digits) < length:
        digits += f"{mix(len(digits), *parts):016x}"
    return digits[:length]
