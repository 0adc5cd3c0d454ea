"""`python -m benchmarks.pipeline`: what a document costs each stage, and how long it takes from arrival to the notifier.

On the embedded bus and on a real Kafka broker, with documents of 2 and 20 KB of real code, one in 500 with a fresh token:
records and MB per second of CPU (user and system, all of the stage's own processes, steady part) of collect (the producer), match
and alert; on Kafka beside a bare aiokafka consumer that throws the same records away, before and after. Figures are as measured, with
the processor's clock beside them. Progress on standard error; writes docs/evidence/pipeline-speed.json.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console

from benchmarks import evidence
from benchmarks.bars.fleet import environment_notes
from benchmarks.pipeline import bars, latency, report, stages

_MEGABYTES: Final = 200  # of documents in one measurement
_QUICK_MEGABYTES: Final = 80
_LOCAL_BROKER: Final = evidence.ROOT / "deploy" / "kafka" / "localkafka.py"
_BOOTSTRAP: Final = "LEAKSTREAM_BUS__KAFKA__BOOTSTRAP"  # as the local broker's script sets it


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every check holds. Blocks for minutes."""
    given = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that processes are ended on the way out
    bootstrap = given.bootstrap or os.environ.get(_BOOTSTRAP, "")
    buses = ["embedded", "kafka"] if given.bus == "both" else [given.bus]
    if "kafka" in buses and not bootstrap:
        return _with_a_broker(sys.argv[1:] if arguments is None else arguments)
    for name in [name for name in os.environ if name.startswith("LEAKSTREAM_")]:
        del os.environ[name]  # each case has a configuration of its own
    console = Console(stderr=True)
    results: list[dict[str, Any]] = []
    for bus in buses:
        for size in given.size or (2048, 20480):
            for matchers in range(1, given.matchers + 1):
                megabytes = _QUICK_MEGABYTES if given.quick else _MEGABYTES
                if matchers > 1:  # the second begins when the first has done a part alone
                    megabytes *= matchers + 1
                results.append(
                    stages.measure(
                        bootstrap if bus == "kafka" else "",
                        size,
                        megabytes * 10**6 // size,
                        matchers,
                        say=console.print,
                    )
                )
    latencies = [
        asyncio.run(
            latency.measure(bootstrap if bus == "kafka" else "", quick=given.quick, say=console.print)
        )
        for bus in buses
    ]
    checks = bars.judged(results, latencies)
    body = {
        "checks": checks,
        "speedup": bars.speedup(results),
        "notes": environment_notes(),
        "stages": results,
        "latency": latencies,
    }
    report.show(Console(width=150), body)
    for name, check in checks.items():
        print(f"{'ok  ' if check['ok'] else 'FAIL'} {name}: {check['found']}, wanted {check['wanted']}")
    path = evidence.write("pipeline-speed", body)
    console.print(f"written to {path.relative_to(evidence.ROOT)}")
    return 0 if all(check["ok"] for check in checks.values()) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("--bus", choices=("embedded", "kafka", "both"), default="both")
    parser.add_argument(
        "--size", type=int, action="append", help="bytes of a document; default 2048 and 20480"
    )
    parser.add_argument("--matchers", type=int, default=2, help="also with this many at once (default 2)")
    parser.add_argument("--quick", action="store_true", help="fewer documents: rough figures")
    parser.add_argument("--bootstrap", default="", help="host:port of a broker; default: one is started")
    return parser


def _with_a_broker(arguments: Sequence[str]) -> int:
    """The same once more, with a fresh broker that lasts as long."""
    again = [sys.executable, "-m", "benchmarks.pipeline", *arguments]
    return subprocess.call([sys.executable, _LOCAL_BROKER, "--", *again], cwd=evidence.ROOT)


if __name__ == "__main__":
    sys.exit(main())
