"""Inputs made of others: cut, joined, damaged, with words of their kind put in. The same for a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

LONGEST = 1 << 16


def mutations(inputs: Sequence[bytes], words: Sequence[bytes], seed: int, number: int) -> Iterator[bytes]:
    """`number` inputs made of `inputs` and `words`; the same for the same arguments."""
    chance = random.Random(seed)
    for _ in range(number):
        data = chance.choice(inputs)
        for _ in range(chance.choice((1, 1, 2, 4, 8))):
            data = _changed(data, inputs, words, chance)
        yield data[:LONGEST]


def _changed(data: bytes, inputs: Sequence[bytes], words: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
    end = min(end, start + 64)
    match chance.randrange(7):
        case 0 if data:  # another byte
            at = chance.randrange(len(data))
            return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        case 1:  # less
            return data[:start] + data[end:]
        case 2:  # the same again
            return data[:end] + data[start:end] * chance.choice((1, 3, 300)) + data[end:]
        case 3:  # joined with another
            other = chance.choice(inputs)
            return data[:start] + other[chance.randint(0, len(other)) :]
        case 4:  # cut
            return data[:start]
        case _:  # a word
            return data[:start] + chance.choice(words) + data[chance.choice((start, end)) :]
