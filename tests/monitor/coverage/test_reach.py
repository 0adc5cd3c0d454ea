import pytest

from monitor.coverage.reach import could_list, is_of, readers_of


def test_who_reads_a_forge_is_told_by_the_names():
    names = ["github_events", "gharchive", "pastebin", "git", "bus:documents.v1", "gitea", "gitlab"]
    assert readers_of("github.com", names) == ("gharchive", "git", "github_events")
    assert readers_of("Codeberg.org", names) == ("git", "gitea")
    assert readers_of("pastebin.com", names) == ("git", "pastebin")
    assert readers_of("gist.github.com", names) == readers_of("github.com", names)
    both = ["hackernews", "stackexchange"]
    assert readers_of("news.ycombinator.com", both) == ("hackernews",)
    assert (
        readers_of("unix.stackexchange.com", both) == readers_of("superuser.com", both) == ("stackexchange",)
    )
    assert readers_of("example.org", names) == tuple(sorted(set(names) - {"bus:documents.v1"}))


@pytest.mark.parametrize(
    ("feed", "could", "own"),
    [
        ("", True, False),
        ("/events", True, False),
        ("/orgs/acme/events", True, True),
        ("/orgs/ACME/events", True, True),
        ("/orgs/other/events", False, False),
        ("/users/acme/received_events", True, True),
        ("/repos/acme/x/events", True, True),
        ("/repos/acme/y/events", False, False),
        ("/repos/acme", True, True),
        ("/networks/acme/x/events", True, True),
        ("/api/v4/groups/acme/events", True, True),
        ("/repos/search", True, False),
        ("/users/acme/activities/feeds", True, True),
        ("orgs", True, False),
        ("watched", False, False),
        ("new", True, False),
        ("github.com/questions", True, False),
        ("superuser.com/questions", False, False),
    ],
)
def test_what_a_feed_could_list_is_told_by_its_path(feed, could, own):
    found = could_list(feed, "github.com", "acme/x", watched=False)
    assert (found, is_of(feed, "Acme/X")) == (could, own)


def test_a_feed_of_what_is_watched_could_list_what_is_watched():
    assert could_list("watched", "gitlab.com", "acme/x", watched=True)
    assert not could_list("/orgs/other/events", "github.com", "acme/x", watched=True)
