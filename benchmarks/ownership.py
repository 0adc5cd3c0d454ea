"""`python -m benchmarks.ownership`: does a long watch list cost more than a short one?

Microseconds of processor time for one finding, whose it is and what the policy makes of it, with 10 entries in each list of `[watch]` and with
10,000: findings of nobody (nearly all of them) and findings of ours. Also how long a start takes with them. Writes
docs/evidence/ownership.json.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from benchmarks import evidence
from detectors.model import Confidence, Severity, Verdict
from monitor.alerting.ownership import Ownership, WatchSettings
from monitor.alerting.policy.cases import Case
from monitor.alerting.policy.table import Policy
from monitor.contracts import Mode, Place

_SIZES: Final = (10, 10_000)
_ROUNDS: Final = 20_000
_TRIES: Final = 5
_MOST: Final = 1.25  # times the short list's cost: other lengths of names, and caches that are too small


def main(arguments: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog="python -m benchmarks.ownership", description=__doc__).parse_args(arguments)
    measured = {str(size): measure(size) for size in _SIZES}
    few, many = (measured[str(size)] for size in _SIZES)
    ratios = {what: round(many[what] / few[what], 2) for what in ("nobody_us", "ours_us")}
    checks = {f"{what}_at_most_{_MOST:g}_times": ratio <= _MOST for what, ratio in ratios.items()}
    path = evidence.write("ownership", {"checks": checks, "entries_of_each_list": measured, "ratios": ratios})
    for size, figures in measured.items():
        _say(f"{size:>6} entries a list: " + ", ".join(f"{name} {value}" for name, value in figures.items()))
    for name, passed in checks.items():
        _say(f"{'ok  ' if passed else 'FAIL'} {name}")
    _say(f"written to {path.relative_to(evidence.ROOT)}")
    return 0 if all(checks.values()) else 1


def measure(size: int) -> Mapping[str, Any]:
    """Microseconds of one finding, and seconds to read the lists and build the tables."""
    began = time.process_time()
    ownership = Ownership(_watch(size))
    start = time.process_time() - began
    policy, last = Policy(), size - 1
    nobody = Place(
        forge="github.com",
        owner="stranger",
        repository="stranger/dotfiles",
        path="deploy/production.env",
        url="https://github.com/stranger/dotfiles/blob/main/deploy/production.env",
        author="somebody",
        author_email_domain="mail.example.org",
    )
    ours = Place(
        forge="github.com",
        owner=f"owner{last}",
        repository=f"owner{last}/infra{last}-dns",
        path=f"deploy/brand{last}.env",
        author=f"user{last}",
        author_email_domain=f"mail{last}.example",
    )
    near = ("smtp.example.net", "db.eu.internal.example.net", "cdn.example.org", f"api.d{size}.example")

    def judge(place: Place, facts: Mapping[str, str], hosts: Sequence[str]) -> Callable[[], None]:
        def once() -> None:
            owner = ownership.assess(
                place,
                source="github_events",
                fingerprints=("0" * 64,),
                facts=facts,
                hosts=hosts,
                emails=("example.org",),
                snippet="export AWS_SECRET_ACCESS_KEY=… # production",
            )
            policy.decide(
                Case(
                    owner.level,
                    Severity.HIGH,
                    Verdict.UNPROVABLE,
                    Confidence.HIGH,
                    Mode.LIVE,
                    score=owner.score,
                )
            )

        return once

    strange = judge(nobody, {"account_id": "999999999999", "key_kind": "long-term"}, near)
    own = judge(ours, {"account_id": f"{last:012}"}, (*near, f"db.d{last}.example", f"x.s{last}.internal"))
    return {
        "nobody_us": _microseconds(strange),
        "ours_us": _microseconds(own),
        "start_seconds": round(start, 3),
    }


def _watch(size: int) -> WatchSettings:
    numbers = range(size)
    lists = {
        "organisations": tuple(f"owner{n}" for n in numbers),
        "users": tuple(f"user{n}" for n in numbers),
        "repositories": tuple(f"owner{n}/infra{n}-*" if n % 2 else f"partner{n}/shared" for n in numbers),
        "account_ids": tuple(f"{n:012}" for n in numbers),
        "project_ids": tuple(f"project-{n}" for n in numbers),
        "tenant_ids": tuple(f"tenant-{n}" for n in numbers),
        "key_ids": tuple(f"key-{n}" for n in numbers),
        "domains": tuple(f"d{n}.example" for n in numbers),
        "hosts": tuple(f".s{n}.internal" if n % 2 else f"h{n}.internal" for n in numbers),
        "email_domains": tuple(f"mail{n}.example" for n in numbers),
        "brands": tuple(f"brand{n}" for n in numbers),
        "fingerprints": tuple(f"{n:064x}" for n in range(1, size + 1)),
    }
    return WatchSettings.model_validate(lists)


def _microseconds(work: Callable[[], None]) -> float:
    """The best of some tries: other work can only take time away."""
    best = min(_timed(work) for _ in range(_TRIES))
    return round(best / _ROUNDS * 1e6, 1)


def _timed(work: Callable[[], None]) -> float:
    began = time.process_time()
    for _ in range(_ROUNDS):
        work()
    return time.process_time() - began


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
