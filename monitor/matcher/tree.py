"""Scanning files and folders as fast as one process can. With several jobs each thread has a scanner and a buffer of its own:
reading and Hyperscan both let the others run.
"""

from __future__ import annotations

import itertools
import os
import queue
import threading
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from typing import Final

from detectors import Scanner
from monitor.matcher.blocks import BlockReader, Found, Progress
from monitor.walking import walk

_PATHS: Final = 256  # handed to a thread at once
_WAITING: Final = 256  # results that wait for the caller
_LEFT_OUT: Final = frozenset({".git", ".hg", ".svn"})


def scan_tree(
    roots: Sequence[str],
    scanner: Callable[[], Scanner],
    progress: Progress,
    *,
    jobs: int = 1,
    without: Collection[str] = (),
) -> Generator[Found, None, None]:
    """Scan files and folders. `scanner` makes one for each job. Blocking; close the generator to end it early. `without`: files within
    the folders, as whole paths, that are not read.

    What cannot be read is counted in `progress.skipped`; an error of the scanner itself is raised.
    """
    paths = _paths(roots, progress.skipped, without)
    if jobs == 1:
        reader = BlockReader(scanner(), progress)
        for path in paths:
            yield from reader.add(path)
        yield from reader.flush()
    else:
        yield from _Crew(paths, scanner, progress).run(jobs)


def _paths(roots: Sequence[str], skipped: Counter[str], without: Collection[str]) -> Iterator[str]:
    def told(reason: str, _path: str) -> None:
        skipped[reason] += 1

    for root in roots:
        if os.path.isdir(root):  # noqa: PTH112 - one call a root
            for entry in walk(root, told, enter=lambda entry: entry.name not in _LEFT_OUT):
                if entry.path not in without:
                    yield entry.path
        else:
            yield os.path.realpath(root)


class _Crew:
    """Threads that take paths from one list and put what they find into one queue."""

    def __init__(self, paths: Iterator[str], scanner: Callable[[], Scanner], progress: Progress) -> None:
        self._paths = paths
        self._scanner = scanner
        self._progress = progress
        self._results: queue.Queue[Found | BaseException | None] = queue.Queue(_WAITING)
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def run(self, jobs: int) -> Iterator[Found]:
        threads = [threading.Thread(target=self._work, name=f"scan-{n}", daemon=True) for n in range(jobs)]
        for thread in threads:
            thread.start()
        running = jobs
        try:
            while running:
                match self._results.get():
                    case None:
                        running -= 1
                    case BaseException() as error:
                        raise error
                    case found:
                        yield found
        finally:
            self._stop.set()
            while running:  # some may wait for room in the queue
                running -= self._results.get() is None
            for thread in threads:
                thread.join()

    def _work(self) -> None:
        try:
            mine = Progress()
            reader: BlockReader | None = None
            while some := self._next(mine):
                reader = reader or BlockReader(
                    self._scanner(), mine
                )  # a thread for which nothing is left makes none
                for path in some:
                    self._put(reader.add(path))
            if reader:
                self._put(reader.flush())
            self._next(mine)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._results.put(error)
        finally:
            self._results.put(None)

    def _next(self, mine: Progress) -> list[str]:
        """Hand in what was counted, take more paths."""
        with self._lock:
            self._progress.add(mine)
            mine.clear()
            return [] if self._stop.is_set() else list(itertools.islice(self._paths, _PATHS))

    def _put(self, found: Iterator[Found]) -> None:
        for one in found:
            self._results.put(one)
