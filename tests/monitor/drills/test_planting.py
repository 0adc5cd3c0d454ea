from __future__ import annotations

import pytest

from monitor.canary import canary
from monitor.drills.planting import Ground, text, watched_ground
from monitor.watching import Watching


@pytest.mark.parametrize(
    ("watch", "ground"),
    [
        (Watching(), None),
        (Watching(repositories=("acme/app",)), Ground("f.example", "acme", "acme/app")),
        (Watching(repositories=("gitlab.com/acme/app",)), Ground("gitlab.com", "acme", "acme/app")),
        (Watching(organisations=("acme",)), Ground("f.example", "acme", "acme/drill")),
        (Watching(organisations=("github.com/acme",)), Ground("github.com", "acme", "acme/drill")),
        (Watching(users=("ann",)), Ground("f.example", "ann", "ann/drill")),
        (Watching(domains=("acme.example",)), Ground("f.example", near="drill.acme.example")),
        (Watching(domains=("acme.example",), sources=("ingest",)), Ground("f.example")),
    ],
)
def test_it_stands_at_the_surest_place_that_is_watched(watch: Watching, ground: Ground | None) -> None:
    assert watched_ground(watch, "ingest", forge="f.example") == ground


def test_the_text_says_what_it_is_and_names_the_watched_host_beside_it() -> None:
    secret = canary()
    lines = text(secret, "ab" * 16, Ground(near="drill.acme.example")).splitlines()
    assert lines[0].startswith(b"# EXERCISE: ")
    assert b"ab" * 16 in lines[0]
    assert lines[1:] == [b"API_HOST=drill.acme.example", b"CANARY=" + secret]
