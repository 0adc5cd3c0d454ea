from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from monitor.collectors.leasing import Leases


def test_one_of_two_holds_a_source_until_it_lets_go(tmp_path: Path) -> None:
    first, second = Leases(tmp_path), Leases(tmp_path)
    assert first.take("git")
    assert first.take("git")
    assert not second.take("git")
    first.release("git")
    first.release("git")
    assert second.take("git")
    second.close()
    assert first.take("git")


def test_shares_are_even_and_grow_when_a_member_goes(tmp_path: Path) -> None:
    first = Leases(tmp_path)
    assert first.fair_share(5) == 5
    second = Leases(tmp_path)
    assert (first.fair_share(5), second.fair_share(5)) == (3, 3)
    second.close()
    second.close()
    assert first.fair_share(5) == 5


def test_a_process_that_is_killed_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from monitor.collectors.leasing import Leases;"
        "l = Leases(Path(sys.argv[1])); l.take('git'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-P", "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        ours = Leases(tmp_path)
        assert not ours.take("git")
        assert ours.fair_share(4) == 2
        process.kill()
        process.wait()
        assert ours.take("git")
        assert ours.fair_share(4) == 4
        assert len(list(tmp_path.glob("member-*"))) == 1
