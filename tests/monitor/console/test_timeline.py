from itertools import pairwise

from console_fakes import exposure
from monitor.console.timeline import WIDTH, moments, stations, told_first


def told(notifier, delivered_at, **other):
    return {
        "notifier": notifier, "change": "opened", "action": "page", "opening": 1, "state": "delivered", "reason": "", "tries": 1,
        "made_at": "2026-06-01T15:00:02Z", "delivered_at": delivered_at, **other,
    }  # fmt: skip


def entry(at, verb, **detail):
    return {"at": f"2026-06-01T{at}Z", "actor": "ann", "verb": verb, "detail": detail}


LIFE = exposure(
    first_published="2026-06-01T14:59:50Z",
    removed_at="2026-06-01T18:00:00Z",
    told=[
        told("slack", "2026-06-01T15:00:05Z"),
        told("pager", "2026-06-01T15:00:04Z"),
        told("mail", None, state="failed", reason="client_error"),
    ],
    changes=[
        entry("16:00:00", "closed", reason="false_alarm", note="a <b>sample</b>"),
        entry("15:10:00", "ticked", step="stop"),
        entry("15:09:00", "acknowledged"),
        entry("15:30:00", "something_new"),
    ],
)


def test_everything_in_its_order_with_words():
    found = moments(LIFE)
    assert [(m.kind, m.what) for m in found] == [
        ("published", "published, as the place itself says"),
        ("seen", "seen first by the source git"),
        ("untold", "failed: mail: opened, page (client error)"),
        ("told", "told pager: opened, page"),
        ("told", "told slack: opened, page"),
        ("acknowledged", "taken in hand"),
        ("ticked", "step done: stop the abuse"),
        ("checked", "something new"),
        ("closed", "closed, false alarm, “a <b>sample</b>”"),
        ("removed", "stands at none of its known places any more"),
    ]
    assert found[5].who == "ann"


def test_what_the_log_says_is_not_said_twice():
    revoked = exposure(
        revoked_at="2026-06-01T16:00:00Z",
        acknowledged={"at": "2026-06-01T15:30:00Z", "by": "bob"},
        public="cleaned",
    )
    assert [m.kind for m in moments(revoked)] == ["seen", "acknowledged", "revoked", "cleaned"]
    logged = {**revoked, "changes": [entry("16:00:00", "revoked"), entry("15:30:00", "acknowledged")]}
    assert [m.kind for m in moments(logged)] == ["seen", "acknowledged", "revoked", "cleaned"]


def test_further_places_are_moments():
    place = {"seen_at": "2026-06-01T16:00:00Z", "source": "git", "repository": "fork/code"}
    many = exposure(places=[place, {**place, "repository": ""}, {**place, "url": "https://x"}])
    assert [m.what for m in moments(many) if m.kind == "place"] == [
        "seen at a further place: git",
        "seen at a further place: fork/code",
    ]


def test_stations_keep_their_distance_and_end_at_the_edge():
    found = stations(moments(LIFE))
    assert [s.label for s in found] == ["published", "seen", "told", "in hand", "closed", "removed"]
    steps = [after.x - before.x for before, after in pairwise(found)]
    assert min(steps) >= 90.0
    assert steps[0] < steps[-1]
    assert round(found[-1].x) == round(WIDTH - 70)
    assert found[1].since == "+10 s"
    assert [s.exposed for s in found] == [True] * 5 + [False]


def test_one_that_is_open_goes_on_until_now():
    found = stations(moments(exposure()), "2026-06-02T15:00:00Z")
    assert [(s.label, s.exposed) for s in found] == [("seen", True), ("now", True)]
    assert found[1].since == "+1 d"
    same = stations(moments(exposure()), "2026-06-01T15:00:00Z")
    assert same[1].x > same[0].x


def test_who_was_told_first():
    assert told_first(LIFE) == ("pager", 14.0)
    assert told_first(exposure()) is None
    assert told_first({**LIFE, "first_published": None}) == ("pager", None)
    assert told_first({**LIFE, "opening": 2}) is None
