"""One scan from its targets to its exit status."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from detectors import Scanner, load_rules
from monitor import hardening
from monitor.matcher.blocks import BlockReader, Found, Progress
from monitor.matcher.tree import scan_tree
from monitor.scan.baseline import Baseline, check_writable
from monitor.scan.formats import Format, Summary
from monitor.scan.hit import Hit

if TYPE_CHECKING:
    from monitor.identity import KeyRing
    from monitor.scan.telling import Teller

STDIN = "-"


class TargetError(Exception):
    """A target is not there, cannot be scanned that way, or nothing of it could be read. The message names it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to scan and how. `rules` are further rule files."""

    targets: Sequence[str]
    history: bool = False
    jobs: int = 1
    show_secrets: bool = False
    refuted: bool = False
    known: bool = False
    samples: bool = False
    baseline: Path | None = None
    write_baseline: Path | None = None
    rules: Sequence[Path] = ()


def scan(options: Options, out: Format, progress: Progress) -> int:
    """Scan everything, tell `out`; how many findings were told. Blocking.

    Raises TargetError (for what could not be read: at the end, when the rest was told), BaselineError, GitError, DetectorError.
    """
    hardening.no_core_dumps()
    started = time.perf_counter()
    baseline = _baseline(options)
    known = baseline.known
    rules = load_rules(options.rules)
    # checked before anything is scanned, so that a wrong last target costs nothing
    targets = list({_place(text): text for text in reversed(options.targets)}.values())[::-1]
    work = [_target(options, text) for text in targets]
    first = Scanner(rules, keep_refuted=options.refuted, keep_known=options.known)
    spare = [first]

    def make() -> Scanner:
        return spare.pop() if spare else first.twin(keep_refuted=options.refuted, keep_known=options.known)

    told: list[Hit] = []
    summary = Summary()
    teller = _teller(options, first, baseline.keys, summary)
    unreadable = []
    with ExitStack() as stack:
        for text, target in zip(targets, work, strict=True):
            before = progress.files, _unread(progress)
            folder = _sampled(options, text)
            if not spare:
                spare.append(first)
            for found in target(stack, make, progress):
                for hit in teller().hits(found, folder):
                    if hit.fingerprint in known:
                        summary.known += 1
                        continue
                    told.append(hit)
                    out.hit(hit)
            if progress.files == before[0] and _unread(progress) > before[1]:
                unreadable.append(text)
    if options.write_baseline:
        baseline.write(options.write_baseline, told)
    summary.files, summary.bytes = progress.files, progress.bytes
    summary.dropped, summary.skipped = progress.dropped, progress.skipped
    summary.unreadable = unreadable
    summary.seconds = time.perf_counter() - started
    out.end(summary)
    if unreadable:
        raise TargetError(f"nothing could be read of {', '.join(unreadable)}")
    return len(told)


def _teller(options: Options, scanner: Scanner, keys: KeyRing, summary: Summary) -> Callable[[], Teller]:
    """Made with the first finding: it takes a fifth of a start."""
    base = Path.cwd() if not any(Path(text).is_absolute() for text in options.targets) else None

    @cache
    def made() -> Teller:
        from monitor.scan.telling import Teller

        return Teller(scanner.twin(), keys, summary, show_secrets=options.show_secrets, relative_to=base)

    return made


def _sampled(options: Options, text: str) -> Path | None:
    """The folder whose samples are left out, unless they are asked for."""
    if options.samples or options.history or text == STDIN or not Path(text).is_dir():
        return None
    return Path(_place(text))


def _baseline(options: Options) -> Baseline:
    if options.write_baseline:
        check_writable(options.write_baseline)
    return Baseline.load(options.baseline) if options.baseline else Baseline.new()


def _unread(progress: Progress) -> int:
    return progress.skipped["unreadable_file"] + progress.skipped["unreadable_folder"]


Work = Callable[[ExitStack, Callable[[], Scanner], Progress], Iterator[Found]]


def _place(text: str) -> str:
    """The same for two ways to write one target."""
    return os.path.abspath(text) if text != STDIN and os.path.lexists(text) else text  # noqa: PTH100 - links stay


def _target(options: Options, text: str) -> Work:
    """How to scan one target. Raises TargetError, GitError."""
    if text == STDIN:
        return _stdin
    there = os.path.lexists(text)
    if (options.history or not there) and _is_repository(text, options):
        return lambda stack, make, progress: _repository(text, stack, make, progress)
    if options.history:
        raise TargetError(f"{text}: --history needs a git repository")
    if not there:
        raise TargetError(f"{text}: no such file or folder")
    jobs = options.jobs
    # a baseline has a key in it, which looks like one
    own = [os.path.abspath(path) for path in (options.baseline, options.write_baseline) if path]  # noqa: PTH100 - links stay
    return lambda _, make, progress: scan_tree(
        [os.path.abspath(text)],  # noqa: PTH100 - the same
        make,
        progress,
        jobs=jobs,
        without=own,
    )


def _is_repository(text: str, options: Options) -> bool:
    """A git URL, or with `--history` a folder. Raises GitError. Git's modules take a tenth of a scan's start: only who needs them waits."""
    from monitor.gitread import Remote, parse

    parsed = parse(text)
    return isinstance(parsed, Remote) or (options.history and parsed.is_dir())


def _stdin(_: ExitStack, make: Callable[[], Scanner], progress: Progress) -> Iterator[Found]:
    reader = BlockReader(make(), progress)
    yield from reader.read(_read_stdin, STDIN)
    yield from reader.flush()


def _read_stdin(room: memoryview) -> int:
    data = sys.stdin.buffer.read(len(room))
    room[: len(data)] = data
    return len(data)


def _repository(
    text: str, stack: ExitStack, make: Callable[[], Scanner], progress: Progress
) -> Iterator[Found]:
    import shutil
    import tempfile

    from monitor.gitread import open_repository
    from monitor.matcher.history import scan_history

    folder = Path(tempfile.mkdtemp(prefix="leakstream-git-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    yield from scan_history(open_repository(text, folder), make(), progress)
