"""A short sample of what `make fuzz` does for hours: kept inputs, mutations of them, inputs built to hurt.

The seed is fixed: the same inputs every time.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import random
from pathlib import Path

import pytest
from fuzz_corpus import kept
from fuzz_hurting import HURTING, costs
from fuzz_mutation import mutations
from fuzz_targets import TARGETS, BrokenPromiseError, Outcome, Target, check, outcome

MUTATIONS = 40
"""Mutated inputs of each target."""

SIZE = 60_000
FEWER = {"originals": 15_000}
"""Bytes of an input that is built to hurt; fewer where a reader goes through them many times. Where time grew
with the square, or with a power of two, it would be minutes to ages."""

MOST_SECONDS = 20
"""On the processor, after which the process is ended. It takes a fraction of one."""

MOST_MEMORY = 150
"""MiB that such an input may take. Most is what a library takes once: 128 MiB to unpack zstd."""


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_that_are_kept(name: str, tmp_path: Path) -> None:
    inputs = kept(name)
    assert len(inputs) >= 4
    for data in inputs:
        check(TARGETS[name], data, tmp_path / "input")


@pytest.mark.parametrize("name", TARGETS)
def test_mutations(name: str, tmp_path: Path) -> None:
    for data in mutations(kept(name), TARGETS[name].words, seed=1, number=MUTATIONS):
        check(TARGETS[name], data, tmp_path / "input")


def digests(names: list[str], folder: str, backwards: bool) -> dict[str, list[str]]:
    """What comes of the kept inputs, in one order or the other."""
    found = {}
    for name in names:
        inputs = kept(name)
        order = inputs[::-1] if backwards else inputs
        outcomes = [outcome(TARGETS[name], data, Path(folder)) for data in order]
        ends = [hashlib.sha256(repr(one).encode(errors="surrogatepass")).hexdigest() for one in outcomes]
        found[name] = ends[::-1] if backwards else ends
    return found


def test_what_comes_of_an_input_does_not_depend_on_those_before(tmp_path: Path) -> None:
    """Another process has another order, and sets in another order."""
    names, folder = list(TARGETS), str(tmp_path / "input")
    with multiprocessing.get_context("spawn").Pool(1) as other:
        backwards = other.apply(digests, (names[::-1], folder, True))
    assert digests(names, folder, False) == backwards


@pytest.mark.parametrize("target", HURTING)
def test_inputs_that_are_built_to_hurt(target: str) -> None:
    found = costs(target, FEWER.get(target, SIZE), MOST_SECONDS)
    assert {name: cost.fault for name, cost in found.items() if cost.fault} == {}
    assert {name: cost.memory for name, cost in found.items() if cost.memory > MOST_MEMORY} == {}


def _broken(kind: str) -> Target:
    """A reader that breaks a promise on purpose."""
    numbers = random.Random(1)

    def read(data: bytes, folder: Path) -> Outcome:
        match kind:
            case "raises":
                raise KeyError(data)
            case "differs":
                return Outcome(str(numbers.random()))
            case "shows":
                return Outcome("", (data.decode(),))
            case "turns the terminal":
                return Outcome("", ("\u202e",))
            case _:
                return Outcome("", ("Traceback (most recent call last):",))

    return Target("broken", read, foreign=lambda message: "anna" in message)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("raises", KeyError),
        ("differs", BrokenPromiseError),
        ("shows", BrokenPromiseError),
        ("turns the terminal", BrokenPromiseError),
        ("traceback", BrokenPromiseError),
    ],
)
def test_a_promise_that_is_broken_is_noticed(kind: str, error: type[Exception], tmp_path: Path) -> None:
    with pytest.raises(error):
        check(_broken(kind), b"anna", tmp_path / "input")


def test_mutations_are_the_same_for_a_seed() -> None:
    inputs = [b"abc", b"defghij"]
    assert list(mutations(inputs, [b"-"], 7, 20)) == list(mutations(inputs, [b"-"], 7, 20))
    assert list(mutations(inputs, [b"-"], 7, 20)) != list(mutations(inputs, [b"-"], 8, 20))
