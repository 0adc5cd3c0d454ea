"""`python -m benchmarks.coverage_estimate`: how well the capture of a sampled feed is estimated, over simulated days.

Each scenario is a world whose every minute is known. Told are, of its minutes: how many estimates of the capture are within 10 %
of the truth or half a point, how many 90 % intervals hold the truth, half of an interval's width in the middle, the root mean square
error of the count, and the CPU seconds a day takes. Writes docs/evidence/coverage-estimate.json.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

from rich.console import Console

from benchmarks import evidence
from benchmarks.coverage_world import FIREHOSE, SOURCE, START, Scenario, World, live
from monitor.coverage.estimate import Minute, minutes

OUTAGES: Final = ((1500.0, 1520.0), (3000.0, 3045.0), (5000.0, 5090.0))
_NEAR: Final = 0.1  # of the truth
_POINTS: Final = 0.005
_HALF_DAY: Final = 43_200.0


def steady(_: float) -> float:
    return 170.0


def step(second: float) -> float:
    """Doubles from one second to the next."""
    return 170.0 if second < 3630.0 else 340.0


def ramp(second: float) -> float:
    """Doubles within ten minutes, and comes back within five."""
    rise, fall = min(1.0, max(0.0, (second - 2400.0) / 600.0)), min(1.0, max(0.0, (second - 5400.0) / 300.0))
    return 170.0 * (1.0 + rise - fall)


def daily(second: float) -> float:
    """From 105 to 235 and back within a day, doubling for a few minutes every three hours."""
    wave = 170.0 * math.exp(0.4 * math.sin(second / _HALF_DAY * math.pi))
    return wave * (2.0 if second % 10_800.0 > 10_400.0 else 1.0)


# two hours each, as the bar has it
SCENARIOS: Final = {
    "steady": Scenario(steady),
    "doubles at once": Scenario(step),
    "doubles in ten minutes": Scenario(ramp),
    "5 % late, nobody tells": Scenario(steady, 0.05, 30.0),
    "5 % late": Scenario(steady, 0.05, 30.0, owners=10),
    "20 % late": Scenario(steady, 0.2, 60.0, owners=20),
    "20 % late, an archive": Scenario(steady, 0.2, 60.0, archive=True),
    "three outages": Scenario(steady, outages=OUTAGES),
    "pages move on": Scenario(steady, page_seconds=0.2),
    "clock off by 0.3 s": Scenario(step, clock_error=0.3),
    "all at once": Scenario(step, 0.05, 30.0, OUTAGES, owners=10, behind=40.0),
}
_DAY: Final = Scenario(daily, 0.05, 30.0, OUTAGES, owners=10)


@dataclass(frozen=True, slots=True)
class Judged:
    """One minute's estimate against the truth."""

    near: bool  # within 10 % or half a point of the true capture
    held: bool  # the 90 % interval holds it
    width: float  # half of the interval, as a share of the estimate
    error: float  # of the count, as a share of the truth


def judge(world: World) -> list[Judged]:
    """Every minute of the firehose."""
    count = len(world.published)
    found = minutes(world.events, START, START + 60.0 * count)
    mine = [minute for minute in found if (minute.source, minute.feed) == (SOURCE, FIREHOSE)]
    return [_judged(minute, world, i) for i, minute in enumerate(mine)]


def _judged(minute: Minute, world: World, i: int) -> Judged:
    published, listed = world.published[i], world.listed[i]
    if minute.expected is None or minute.low is None or minute.high is None:
        return Judged(near=False, held=False, width=math.inf, error=math.inf)
    truth, told = listed / published, minute.listed / minute.expected
    # the ends of the capture's interval are those of the count's: also where nothing was listed
    held = minute.low <= published <= minute.high and abs(minute.listed - listed) < 1.0
    return Judged(
        near=abs(told - truth) <= max(_NEAR * truth, _POINTS),
        held=held,
        width=(minute.high - minute.low) / 2.0 / minute.expected,
        error=minute.expected / published - 1.0,
    )


def summary(judged: Iterable[Judged]) -> dict[str, float]:
    """Of all minutes."""
    all_ = list(judged)
    return {
        "minutes": len(all_),
        "near": round(fmean(minute.near for minute in all_), 3),
        "held": round(fmean(minute.held for minute in all_), 3),
        "half_width": round(median(minute.width for minute in all_), 3),
        "rms": round(math.sqrt(fmean(minute.error**2 for minute in all_)), 3),
        "bias": round(fmean(minute.error for minute in all_), 3),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage_estimate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="worlds of two hours per scenario")
    parser.add_argument("--days", type=int, default=1, help="worlds of a day")
    parser.add_argument("--dry", action="store_true", help="write no evidence")
    given = parser.parse_args(arguments)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    plans = [(name, scenario, given.seeds, 7200) for name, scenario in SCENARIOS.items()]
    if given.days:
        plans.append(("a day of all of it", _DAY, given.days, 86_400))
    rows, passed = {}, True
    console.print(f"{'':24}{'near':>7}{'held':>7}{'half width':>12}{'rms':>7}{'bias':>8}{'CPU s/day':>11}")
    for name, scenario, seeds, seconds in plans:
        judged, cpu = [], 0.0
        for seed in range(1, seeds + 1):
            world = live(scenario, seed, seconds)
            began = time.process_time()
            judged += judge(world)
            cpu += time.process_time() - began
        row = {**summary(judged), "cpu_seconds_a_day": round(cpu / (seeds * seconds / 86_400.0), 1)}
        ok = row["near"] >= 0.97 and row["held"] >= 0.85 and row["half_width"] <= 0.15
        passed, rows[name] = passed and ok, row
        console.print(
            f"{name:24}{row['near']:7.3f}{row['held']:7.3f}{row['half_width']:12.3f}{row['rms']:7.3f}{row['bias']:+8.3f}"
            f"{row['cpu_seconds_a_day']:11.1f}  {'' if ok else 'FAIL'}"
        )
    if not given.dry:
        evidence.write("coverage-estimate", {"passed": passed, "seeds": given.seeds, "scenarios": rows})
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
