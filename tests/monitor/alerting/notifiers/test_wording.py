from monitor.alerting.notifiers.base import Change
from monitor.alerting.notifiers.wording import facts, headline, place_of, reasons, steps
from notifier_samples import notification


def test_each_change_has_a_headline():
    words = {change: headline(notification(change)) for change in Change}
    assert len(set(words.values())) == len(Change)
    assert words[Change.OPENED] == "Leak found: Example token (high)"
    assert headline(notification(mode="exercise")).startswith("EXERCISE - Leak found")
    assert headline(notification(title="")) == "Leak found: example-token (high)"
    replayed = headline(notification(mode="replay"))
    assert replayed == "Leak found: Example token (high), found by replay"


def test_facts_reasons_and_steps():
    opened = notification()
    assert facts(opened.exposure) == [
        ("Value", "ex_…yz"),
        ("Proof", "unprovable"),
        ("At", "github.com/acme/code a.env line 3"),
        ("Seen", "1 place(s), first 2023-11-15T12:00:00Z, last 2023-11-15T12:00:00Z"),
    ]
    assert reasons(opened.exposure) == ["the owner acme is your organisation (proved)"]
    assert steps(opened)[0].startswith("Revoke the Example token")
    closed = notification(Change.CLOSED, closed_at=1.0, closed_by="ann", close_reason="test")
    assert ("Closed", "test by ann") in facts(closed.exposure)
    assert steps(closed) == ()


def test_the_place_is_the_source_where_nothing_else_is_known():
    assert place_of(notification().exposure) == "acme/code a.env"
    assert place_of(notification(repository="", path="").exposure) == "github_events"
