"""Look for inputs that break a promise, for as long as one likes: `make fuzz`, or

    python tests/fuzz/fuzz.py [--seconds N] [--only TARGET ...] [--keep]

With atheris (the extra `fuzz`) the search follows what code an input reaches; without it inputs are mutated
at random. What is found lies in `build/fuzz/TARGET/`: `found-…` with the input, and why. `--keep` puts inputs
that reached new code, and those that were found, into the corpus. Exit 1 when anything was found.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

REPOSITORY = Path(__file__).resolve().parents[2]

LONGEST = 1 << 16
"""Most bytes of an input of the search; what takes longer with more of them is in `fuzz_hurting.py`."""

SLOWEST = 20
"""Seconds after which an input counts as one that does not end."""

MOST_MEMORY = 2048
"""MiB of the process, the coverage's own among them."""

INSTRUMENTED = ["edxtasks", "tomllib", "tarfile", "sqlglot.parsers.bigquery"]


def main() -> int:
    """Run the targets one after another, each in a process of its own."""
    options = _options()
    if options.in_this_process:
        return _run(
            options.in_this_process, options.seconds, options.seed, options.into, options.scratch / "input"
        )
    from fuzz_targets import TARGETS

    unknown = set(options.only) - TARGETS.keys()
    if unknown:
        print(f"no targets: {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    if find_spec("atheris") is None:
        print(
            "atheris is not installed (the extra fuzz): the search does not follow coverage", file=sys.stderr
        )
    found = 0
    for name in options.only or TARGETS:
        found += _in_process(name, options)
        if options.keep:
            _keep(name, options.into / name)
    print(f"{found} found; what they are lies in {options.into}" if found else "nothing found")
    return 1 if found else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=int, default=1200, help="for each target (1200)")
    parser.add_argument("--seed", type=int, default=0, help="of the search (0: another each time)")
    parser.add_argument("--only", nargs="+", default=[], metavar="TARGET")
    parser.add_argument("--keep", action="store_true", help="put what is new into the corpus")
    parser.add_argument("--into", type=Path, default=REPOSITORY / "build" / "fuzz")
    parser.add_argument("--in-this-process", metavar="TARGET", help=argparse.SUPPRESS)
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.into = options.into.absolute()
    return options


def _in_process(name: str, options: argparse.Namespace) -> int:
    """Search one target until its time is over; gives how many different faults were found.

    An input on which the process ends (too slow, too much memory, a fault of a library in C) is kept as one
    that was found, and the search begins again.
    """
    from scratch_folder import scratch_folder  # in the process that searches, it would come too early

    place = options.into / name
    place.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + options.seconds
    while (left := int(end - time.monotonic())) > 0:
        words = ["--in-this-process", name, "--seconds", str(left), "--into", str(options.into)]
        with scratch_folder(_memory_folder()) as folder:
            words += ["--seed", str(options.seed), "--scratch", str(folder)]
            run = subprocess.run([sys.executable, __file__, *words], check=False)
        if run.returncode == 0:
            break
        for path in [
            *place.glob("crash-*"),
            *place.glob("timeout-*"),
            *place.glob("oom-*"),
            *place.glob("leak-*"),
        ]:
            path.rename(place / f"found-{path.name}")
    found = sorted(path for path in place.glob("found-*") if path.suffix != ".why")
    for path in found:
        why = path.with_name(f"{path.name}.why")
        print(
            f"{name}: {path.name}: {why.read_text().splitlines()[0] if why.exists() else 'the process ended'}"
        )
    return len(found)


def _run(name: str, seconds: int, seed: int, into: Path, scratch: Path) -> int:
    """Search one target in this process, which atheris ends: its scratch folder is the parent's."""
    with _instrumented():
        import fuzz_corpus
        import fuzz_targets
        from fuzz_mutation import mutations

    target = fuzz_targets.TARGETS[name]
    place = into / name
    faults: set[str] = set()
    tried = 0

    def try_it(data: bytes) -> None:
        nonlocal tried
        tried += 1
        try:
            fuzz_targets.check(target, data, scratch)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is what is looked for
            _note(place, data, error, faults)

    inputs = fuzz_corpus.kept(name) or [b""]
    if find_spec("atheris") is not None:
        _follow_coverage(place, inputs, target.words, try_it, seconds, seed)
    end = time.monotonic() + seconds
    numbers = iter(range(seed or time.time_ns(), sys.maxsize))
    while time.monotonic() < end:
        for data in mutations(inputs, target.words, next(numbers), 100):
            try_it(data)
    print(f"{name}: {tried} inputs, {len(faults)} faults")
    return 0


def _follow_coverage(
    place: Path,
    inputs: list[bytes],
    words: tuple[bytes, ...],
    try_it: Callable[[bytes], None],
    seconds: int,
    seed: int,
) -> None:
    import atheris

    seen = place / "reached"
    seen.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (seen / hashlib.sha1(data).hexdigest()).write_bytes(data)
    listed = place / "words.dict"
    listed.write_text("".join(f'"{_escaped(word)}"\n' for word in words))
    arguments = [
        "fuzz",
        str(seen),
        f"-dict={listed}",
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        f"-timeout={SLOWEST}",
        f"-rss_limit_mb={MOST_MEMORY}",
        f"-artifact_prefix={place}/",
        "-print_final_stats=1",
        "-verbosity=1",
        *([f"-seed={seed}"] if seed else []),
    ]
    atheris.Setup(arguments, try_it)
    atheris.Fuzz()


@contextmanager
def _instrumented() -> Iterator[None]:
    if find_spec("atheris") is None:
        yield
        return
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        yield


def _note(place: Path, data: bytes, error: Exception, faults: set[str]) -> None:
    """Keep the first, and then each shorter, input of a fault; faults are told apart by where they arise."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/edxtasks/" in frame.filename] or frames
    said = str(error).split("\n")[0] if type(error).__name__ == "BrokenPromiseError" else ""
    where = f"{type(error).__name__} {Path(ours[-1].filename).name}:{ours[-1].lineno} {said[:60]}"
    path = place / f"found-{hashlib.sha1(where.encode()).hexdigest()[:12]}"
    if path.exists() and path.stat().st_size <= len(data):
        return
    faults.add(where)
    path.write_bytes(data)
    path.with_name(f"{path.name}.why").write_text(
        f"{where}\n\n{''.join(traceback.format_exception(error))[-6000:]}"
    )


def _keep(name: str, place: Path) -> None:
    """Put the inputs that were found, and a few of those that reached new code, into the corpus."""
    import fuzz_corpus

    found = [path.read_bytes() for path in sorted(place.glob("found-*")) if path.suffix != ".why"]
    number = fuzz_corpus.keep(name, found, "found by the fuzzer, and mended")
    print(f"{name}: {number} inputs were added to the corpus")


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def _memory_folder() -> str | None:
    """A folder in memory, where there is one: each input is written to a file."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


if __name__ == "__main__":
    sys.exit(main())
