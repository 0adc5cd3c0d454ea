"""What waits for its turn on GitLab, and in which order it gets it.

Watched projects first, in turn with their commits; then what brings text for one request (a project's commit messages, a snippet); then the
differences of strangers' commits, newest first; at last projects that were looked into before, unless their hour is over: then
everything that the standstill of their time of activity hid can be seen, and they count as listed anew. What falls off the end is handed back to be counted. Projects and commits are kept
over restarts; snippets are not, the list shows them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, Final

import orjson

from monitor.collectors.gitlab.api import commit_id, project_path
from monitor.collectors.gitlab.commits import Commit, Place
from monitor.collectors.gitlab.snippets import Snippet

_MANY: Final = 10  # so many times more may wait of what is watched, or is to be looked into again

# last_activity_at is written at most once an hour: within that hour a project is listed as it stood before
STANDSTILL: Final = 3600.0


class Lane(IntEnum):
    """The earlier, the sooner."""

    OWN_VISIT = 0
    OWN_DIFF = 1
    TEXT = 2
    DIFF = 3
    LOOK = 4


@dataclass(frozen=True, slots=True)
class Visit:
    """Look into a project. `keys` name the listings that ask for it: they are counted when it is done. Times in epoch seconds."""

    project: int
    path: str
    keys: tuple[bytes, ...] = ()
    active_at: float | None = None
    since: float | None = None  # of a first look; None = the whole history
    own: bool = False
    whole: bool = False
    due: float = 0.0
    tries: int = 0

    @property
    def name(self) -> str:
        return f"visit {self.project}"

    @property
    def lane(self) -> Lane:
        if self.own:
            return Lane.OWN_VISIT
        return Lane.TEXT if self.keys else Lane.LOOK

    @property
    def rank(self) -> float:
        """Of strangers the latest first; watched ones in turn, so that none waits for ever."""
        return 0.0 if self.own else self.active_at or 0.0

    def is_last(self, now: float) -> bool:
        """Whether the standstill is over: no later look sees more."""
        return (self.active_at or 0.0) + STANDSTILL <= now

    def joined(self, other: Visit) -> Visit:
        """One visit that does for both."""
        bounds = [v.since for v in (self, other) if v.since is not None]
        active = [v.active_at for v in (self, other) if v.active_at is not None]
        return replace(
            self,
            path=other.path,  # the newer name
            keys=tuple(dict.fromkeys((*self.keys, *other.keys))),
            active_at=max(active, default=None),
            since=min(bounds) if len(bounds) == 2 else None,
            own=self.own or other.own,
            whole=self.whole or other.whole,
            due=min(self.due, other.due),
            tries=min(self.tries, other.tries),
        )


@dataclass(frozen=True, slots=True)
class Diff:
    """Read a commit's difference. `commit` is None after a restart: then it is asked for again (an author is not kept here)."""

    place: Place
    sha: str
    own: bool = False
    due: float = 0.0
    tries: int = 0
    commit: Commit | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        return diff_name(self.sha, self.place.project if self.own else 0)

    @property
    def lane(self) -> Lane:
        return Lane.OWN_DIFF if self.own else Lane.DIFF

    @property
    def rank(self) -> float:
        return self.place.published_at or 0.0


@dataclass(frozen=True, slots=True)
class Read:
    """Read a snippet."""

    snippet: Snippet
    due: float = 0.0
    tries: int = 0

    @property
    def name(self) -> str:
        return f"snippet {self.snippet.number}"

    @property
    def lane(self) -> Lane:
        return Lane.TEXT

    @property
    def rank(self) -> float:
        return self.snippet.created_at


Task = Visit | Diff | Read
_DIFFS_FIRST: Final = (Lane.OWN_DIFF, Lane.OWN_VISIT, Lane.TEXT, Lane.DIFF, Lane.LOOK)


def diff_name(sha: str, project: int = 0) -> str:
    """A commit is read once for all strangers, and for each watched `project` of its own."""
    return f"diff {sha} {project or ''}"


class Queue:
    """For the tasks of one loop. A task that was taken still waits until it is `done`."""

    def __init__(self, backlog: int) -> None:
        self._backlog = backlog
        self._lanes: tuple[dict[str, Task], ...] = tuple({} for _ in Lane)
        self._taken: dict[str, Task] = {}
        self._diffs_turn = True  # watched projects and their commits take turns

    def add(self, task: Task) -> None:
        """A second visit of the same project joins the first; anything else is added once."""
        for lane in self._lanes:
            waiting = lane.get(task.name)
            if waiting is None:
                continue
            if not isinstance(waiting, Visit) or not isinstance(task, Visit):
                return
            task = waiting.joined(task)
            if self._lanes[task.lane] is not lane:
                del lane[task.name]  # else it keeps its place
        self._lanes[task.lane][task.name] = task

    def take(self, now: float) -> Task | None:
        """The next one that is due; None when there is none."""
        self._diffs_turn = not self._diffs_turn
        for kind in _DIFFS_FIRST if self._diffs_turn else tuple(Lane):
            lane = self._lanes[kind]
            ready = [task for task in lane.values() if task.due <= now]
            if kind is Lane.TEXT:
                looks = self._lanes[Lane.LOOK].values()
                ready += [
                    one for one in looks if isinstance(one, Visit) and one.due <= now and one.is_last(now)
                ]
            if ready:
                task = max(ready, key=lambda one: one.rank)
                self.remove(task)
                self._taken[task.name] = task
                return task
        return None

    def done(self, task: Task) -> None:
        self._taken.pop(task.name, None)

    def has(self, name: str) -> bool:
        """Whether the task of that name waits, or was taken and is not done."""
        return name in self._taken or any(name in lane for lane in self._lanes)

    def remove(self, task: Task) -> None:
        """It need not be done."""
        self._lanes[task.lane].pop(task.name, None)

    def again(self, task: Task) -> None:
        """It was taken in vain; `task` may be a changed copy."""
        self.done(task)
        self.add(task)

    def trim(self) -> list[Task]:
        """Take away what is too much, of each lane the last in order."""
        over: list[Task] = []
        for kind, lane in zip(Lane, self._lanes, strict=True):
            limit = self._backlog * (1 if kind in (Lane.TEXT, Lane.DIFF) else _MANY)
            if len(lane) > limit:
                order = sorted(lane.values(), key=lambda one: one.rank, reverse=True)
                over += order[limit:]
        for task in over:
            del self._lanes[task.lane][task.name]
        return over

    def __iter__(self) -> Iterator[Task]:
        yield from self._taken.values()
        for lane in self._lanes:
            yield from lane.values()

    def __len__(self) -> int:
        return len(self._taken) + sum(map(len, self._lanes))

    def listings(self) -> set[bytes]:
        """Keys of the listings whose visit waits."""
        return {key for task in self if isinstance(task, Visit) for key in task.keys}

    def snippets(self) -> dict[int, Snippet]:
        return {task.snippet.number: task.snippet for task in self if isinstance(task, Read)}

    def save(self) -> str:
        return orjson.dumps([_plain(task) for task in self if not isinstance(task, Read)]).decode()

    def restore(self, saved: str | None) -> None:
        """Only what was saved waits now: what else did may be done by another process meanwhile."""
        self._taken.clear()
        for lane in self._lanes:
            lane.clear()
        plain = orjson.loads(saved) if saved else []
        for task in map(_revive, plain if isinstance(plain, list) else []):
            if task is not None:
                self.add(task)


def _plain(task: Visit | Diff) -> list[Any]:
    if isinstance(task, Diff):
        where = task.place
        return ["diff", where.project, where.path, task.sha, where.published_at, task.own, task.tries]
    keys = [key.hex() for key in task.keys]
    times = [task.active_at, task.since, task.due]
    return ["visit", task.project, task.path, keys, times, task.own, task.whole, task.tries]


def _revive(plain: object) -> Task | None:
    """The reverse; None for what cannot be one."""
    match plain:
        case ["diff", int(project), str(path), str(sha), at, bool(own), int(tries)]:
            if not project_path(path) or not commit_id(sha):
                return None
            return Diff(Place(project, path, _time(at)), sha, own, tries=tries)
        case ["visit", int(project), str(path), list(keys), list(times), bool(own), bool(whole), int(tries)]:
            named, when = _keys(keys), [_time(one) for one in times]
            if not project_path(path) or named is None or len(when) != 3:
                return None
            return Visit(project, path, named, when[0], when[1], own, whole, when[2] or 0.0, tries)
        case _:
            return None


def _time(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _keys(plain: Sequence[object]) -> tuple[bytes, ...] | None:
    try:
        return tuple(bytes.fromhex(key) for key in plain if isinstance(key, str))
    except ValueError:
        return None
