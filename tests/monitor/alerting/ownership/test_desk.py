from monitor.alerting.ownership import Ownership, WatchSettings
from monitor.alerting.ownership.desk import WatchDesk
from monitor.contracts import Place

WATCH = WatchSettings.model_validate(
    {
        "organisations": ["acme"],
        "users": ["alice", "github.com/bob"],
        "domains": ["acme.example"],
        "fingerprints": ["ab" * 32],
    }
)
DESK = WatchDesk(WATCH, Ownership(WATCH))


def whose(place, **more):
    asked = {"source": "", "facts": {}, "hosts": [], "emails": [], "text": "", **more}
    return DESK.whose(place, **asked)


def test_people_are_masked_and_digests_counted():
    lists = DESK.lists()
    assert lists["organisations"] == {"count": 1, "masked": False, "entries": ["acme"]}
    assert lists["users"] == {"count": 2, "masked": True, "entries": ["a…", "github.com/b…"]}
    assert lists["fingerprints"] == {"count": 1, "masked": False, "entries": []}
    assert lists["brands"]["count"] == 0


def test_whose_it_would_be_and_why():
    ours = whose(Place(forge="github.com", owner="acme", repository="acme/code"))
    assert (ours["level"], ours["score"]) == ("proved", 90)
    assert ours["reasons"][0]["text"] == "the owner acme is your organisation (proved)"
    claimed = whose(Place(forge="github.com", owner="x"), hosts=["db.acme.example"])
    assert claimed["level"] == "claimed"
    assert whose(Place(forge="github.com", owner="x")) == {"level": "none", "score": 0, "reasons": []}
