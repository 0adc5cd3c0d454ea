from monitor.simulator.feed import WINDOW_EVENTS, WINDOW_SECONDS, Feed
from monitor.simulator.model import Event, Person

SOMEBODY = Person(1, "a", "A", "a@mail.example.net")


def event(number, created_at, visible_at=None):
    return Event(str(number), "WatchEvent", SOMEBODY, 1, "a/b", {}, created_at, visible_at or created_at)


def ids(events):
    return [int(e.id) for e in events]


def test_the_newest_300_newest_first():
    feed = Feed()
    for number in range(400):
        feed.add(event(number, float(number)))
    assert ids(feed.newest(1000.0)) == list(range(399, 99, -1))
    assert len(feed.newest(1000.0)) == WINDOW_EVENTS


def test_a_late_event_appears_below_the_top():
    feed = Feed()
    for number, visible in ((1, 10.0), (2, 50.0), (3, 30.0)):
        feed.add(event(number, 10.0 * number, visible))
    assert ids(feed.newest(40.0)) == [3, 1]
    before = feed.version
    assert ids(feed.newest(60.0)) == [3, 2, 1]
    assert feed.version > before


def test_nothing_older_than_thirty_days():
    feed = Feed()
    feed.add(event(1, 100.0))
    assert ids(feed.newest(100.0 + WINDOW_SECONDS)) == [1]
    assert ids(feed.newest(101.0 + WINDOW_SECONDS)) == []


def test_a_part_of_the_feed():
    feed = Feed()
    other = Person(2, "B", "B", "b@mail.example.net")
    feed.add(Event("1", "WatchEvent", other, 7, "Acme/x", {}, 1.0, 1.0))
    for number in range(2, 6_000):
        feed.add(event(number, float(number)))
    for part in (("repository", "7"), ("owner", "acme"), ("actor", "b")):
        assert ids(feed.newest(9_000.0, part)) == [1]  # long pushed out of the whole
    assert ids(feed.newest(9_000.0, ("owner", "a"))) == list(range(5_999, 5_699, -1))
    assert feed.newest(9_000.0, ("owner", "nobody")) == []


def test_a_stale_cache_shows_old_events():
    feed = Feed()
    for number in range(400):
        feed.add(event(number, float(number)))
    assert ids(feed.stale(399.0, 100.0))[0] == 299
    assert ids(feed.stale(399.0, 10_000.0))[0] == 299  # nothing is that old: the oldest page there is
