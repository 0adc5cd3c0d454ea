from __future__ import annotations

from typing import Any

from archived import NOON
from monitor.collectors.archive.agenda import Agenda, Job
from monitor.collectors.archive.hour import HOUR
from monitor.collectors.archive.sieve import WHOLE, Span

HERE = int(NOON // HOUR)
DELAY = 600.0


def agenda(**other: Any) -> Agenda:
    known: dict[str, Any] = {"follow": True, "world": True, "backfill": None, "delay": DELAY, "late": 1800.0}
    return Agenda(**{**known, **other})


def hours(made: Agenda) -> list[int]:
    return [job.hour - HERE for job in made.jobs]


def span(begin: float, end: float) -> Span:
    return Span("github_events", NOON + begin, NOON + end)


def test_an_hour_is_due_some_minutes_after_its_end() -> None:
    made = agenda()
    made.plan(NOON + 60)
    assert made.jobs == []
    assert made.wake(NOON + 60) == NOON + HOUR + DELAY
    made.plan(NOON + HOUR + DELAY - 1)
    assert made.jobs == []
    made.plan(NOON + HOUR + DELAY)
    (job,) = made.jobs
    assert (job.hour, job.whole, job.world) == (HERE, True, True)
    assert made.next(NOON + HOUR + DELAY) is job


def test_after_a_long_absence_all_hours_come_and_not_all_at_once() -> None:
    made = agenda()
    made.plan(NOON)
    later = NOON + 100 * HOUR
    done = []
    while True:
        made.plan(later)
        assert len(made.jobs) <= 24
        job = made.next(later)
        if job is None:
            break
        made.begin(job)
        made.finish(job, "mirror")
        done.append(job.hour - HERE)
    assert sorted(done) == list(range(99))


def test_without_following_hours_are_counted_only() -> None:
    made = agenda(follow=False)
    made.plan(NOON)
    made.plan(NOON + HOUR + DELAY)
    (job,) = made.jobs
    assert (job.whole, job.world) == (False, True)
    none = agenda(follow=False, world=False)
    none.plan(NOON)
    none.plan(NOON + 10 * HOUR)
    assert none.jobs == []


def test_the_past_comes_last_and_in_small_portions() -> None:
    made = agenda(backfill=(HERE - 5, HERE - 1))
    made.plan(NOON)
    assert hours(made) == [-5, -4]
    made.plan(NOON + HOUR + DELAY)
    order = []
    while (job := made.next(NOON + HOUR + DELAY)) is not None:
        made.begin(job)
        made.finish(job, "mirror")
        made.plan(NOON + HOUR + DELAY)
        order.append(job.hour - HERE)
    assert order[0] == 0
    assert sorted(order[1:]) == [-5, -4, -3, -2]


def test_a_gap_comes_first_and_shares_the_reading_of_its_hour() -> None:
    made = agenda()
    made.plan(NOON)
    made.repair("a", span(10, 20))
    made.repair("b", span(3590, 3605))
    made.plan(NOON + 60)
    assert hours(made) == [0, 1]
    assert made.next(NOON + 60) is None  # their hours are not over
    now = NOON + 3 * HOUR
    made.plan(now)
    assert hours(made) == [0, 1]
    first = made.jobs[0]
    assert first.whole  # what follows the stream and what repairs read the file once
    made.begin(first)
    assert sorted(first.targets) == ["a", "b"]
    assert sorted(first.tallies) == [WHOLE, "a", "b"]
    first.tallies["a"].listed = 3
    made.finish(first, "mirror")
    ((target, repair),) = made.ended()
    assert (target, repair.tally.listed, repair.feeds) == ("a", 3, {"mirror"})
    second = made.next(now)
    assert second is not None
    made.begin(second)
    made.finish(second, "archive")
    assert {t: sorted(r.feeds) for t, r in made.ended()}["b"] == ["archive", "mirror"]


def test_a_gap_that_comes_while_its_hour_is_read_gets_a_pass_of_its_own() -> None:
    made = agenda()
    made.plan(NOON)
    made.plan(NOON + HOUR + DELAY)
    job = made.jobs[0]
    made.begin(job)
    made.repair("late", span(10, 20))
    for _ in range(3):
        made.plan(NOON + HOUR + DELAY + 60)
    assert hours(made) == [0, 0]
    made.finish(job, "mirror")
    assert made.ended() == []
    (again,) = made.jobs
    assert (again.whole, again.world) == (False, False)
    made.begin(again)
    assert again.targets == ["late"]


def test_a_gap_with_a_lost_hour_is_not_filled() -> None:
    made = agenda(follow=False, world=False)
    made.repair("a", span(10, 20))
    made.plan(NOON + 2 * HOUR)
    made.give_up(made.jobs[0])
    ((_, repair),) = made.ended()
    assert repair.missing
    assert made.jobs == []


def test_a_job_that_begins_afresh_forgets_its_counts_and_takes_in_what_came_meanwhile() -> None:
    made = agenda()
    made.plan(NOON)
    made.plan(NOON + HOUR + DELAY)
    job = made.jobs[0]
    made.begin(job)
    job.line, job.sha256 = 7, "ab"
    job.tallies[WHOLE].listed = 7
    job.afresh()
    made.repair("a", span(10, 20))
    made.begin(job)
    assert (job.line, job.sha256, job.targets) == (0, "", ["a"])
    assert job.tallies[WHOLE].listed == 0


def test_everything_survives_a_restart() -> None:
    made = agenda(backfill=(HERE - 9, HERE))
    made.plan(NOON)
    made.repair("a", span(10, 20))
    made.plan(NOON + 3 * HOUR)
    job = made.next(NOON + 3 * HOUR)
    assert job is not None
    made.begin(job)
    job.line, job.tries, job.feed, job.due = 5, 2, 1, NOON + 4 * HOUR
    tally = job.tallies["a"]
    tally.listed, tally.oldest = 4, NOON + 12
    tally.skipped["diffs_off"] += 3
    made.repairs["a"].told = True
    again = agenda(backfill=(HERE - 9, HERE))
    again.restore(made.save())
    assert again.jobs == made.jobs
    assert again.repairs == made.repairs
    assert again.save() == made.save()
    again.restore(None)
    again.plan(NOON + 3 * HOUR)
    assert again.jobs == made.jobs


def test_a_back_fill_that_is_configured_anew_begins_anew() -> None:
    made = agenda(backfill=(HERE - 9, HERE))
    made.plan(NOON)
    other = agenda(backfill=(HERE - 20, HERE - 10))
    other.restore(made.save())
    assert other.jobs == []
    other.plan(NOON)
    assert hours(other) == [-20, -19]


def test_a_full_agenda_that_waits_does_not_wake_for_what_it_cannot_take() -> None:
    made = agenda()
    made.plan(NOON)
    now = NOON + 100 * HOUR
    made.plan(now)
    for job in made.jobs:
        job.due = now + 500
    assert made.wake(now) == now + 500


def test_the_hour_of_a_job() -> None:
    job = Job(HERE)
    assert (job.since, job.until) == (NOON, NOON + HOUR)
