import pytest
from pydantic import ValidationError

from alerting_samples import finding, fingerprint
from monitor.alerting.ownership import MAX_REASONS, NOBODY, Level, Ownership, WatchSettings, combine
from monitor.contracts import Place

WATCH = WatchSettings(
    organisations=("Acme", "gitlab.com/acme-labs"),
    users=("jdoe",),
    repositories=("partner/shared", "github.com/partner/pinned", "partner/infra-*", "gitlab.com/group/sub/*"),
    account_ids=("123456789012",),
    project_ids=("acme-prod",),
    tenant_ids=("7f000000-0000-4000-8000-00000000000a",),
    key_ids=("SHA256:AbCd",),
    brands=("Acmecorp",),
    domains=("acme.example", "internal.acme.example"),
    hosts=("db7", ".corp.internal"),
    email_domains=("acme.example",),
    fingerprints=(fingerprint("own"),),
    sources=("directory",),
)


def assess(place=None, **other):
    return Ownership(WATCH).assess(
        Place(**{"forge": "github.com", **(place or {})}), **{"source": "github_events", **other}
    )


@pytest.mark.parametrize(
    ("place", "other", "kind", "entry", "level"),
    [
        # what nobody can arrange without us
        ({"owner": "acme"}, {}, "organisation", "acme", "proved"),
        ({"owner": "ACME", "forge": "gitlab.com"}, {}, "organisation", "acme", "proved"),
        ({"owner": "acme-labs", "forge": "gitlab.com"}, {}, "organisation", "gitlab.com/acme-labs", "proved"),
        ({"owner": "jdoe"}, {}, "user", "jdoe", "proved"),
        ({"repository": "Partner/Shared"}, {}, "repository", "partner/shared", "proved"),
        ({"repository": "partner/pinned"}, {}, "repository", "github.com/partner/pinned", "proved"),
        ({"repository": "Partner/Infra-DNS"}, {}, "repository", "partner/infra-*", "proved"),
        (
            {"repository": "group/sub/x", "forge": "gitlab.com"},
            {},
            "repository",
            "gitlab.com/group/sub/*",
            "proved",
        ),
        ({}, {"facts": {"account": "123456789012"}}, "account_id", "123456789012", "proved"),
        ({}, {"facts": {"project": "ACME-prod"}}, "project_id", "acme-prod", "proved"),
        (
            {},
            {"facts": {"tid": "7F000000-0000-4000-8000-00000000000A"}},
            "tenant_id",
            "7f000000-0000-4000-8000-00000000000a",
            "proved",
        ),
        ({}, {"facts": {"fingerprint": "SHA256:AbCd"}}, "key_id", "sha256:abcd", "proved"),
        ({}, {"own": ["prod-db"]}, "own_secret", "prod-db", "proved"),
        ({}, {"fingerprints": [fingerprint("own")]}, "own_secret", fingerprint("own"), "proved"),
        ({}, {"source": "directory"}, "source", "directory", "proved"),
        ({"forge": "git.acme.example"}, {}, "own_site", "acme.example", "proved"),
        ({"forge": "", "url": "https://www.acme.example/x"}, {}, "own_site", "acme.example", "proved"),
        # a place that only the sender of a document vouches for
        ({"owner": "acme", "forge": "ingest/ci"}, {}, "organisation", "acme", "claimed"),
        ({"owner": "jdoe", "forge": "ingest/github.com"}, {}, "user", "jdoe", "claimed"),
        (
            {"repository": "partner/pinned", "forge": "ingest/github.com"},
            {},
            "repository",
            "github.com/partner/pinned",
            "claimed",
        ),
        ({"owner": "acme", "forge": "*****"}, {}, "organisation", "acme", "claimed"),
        ({"forge": "ingest/acme.example"}, {}, "own_site", "acme.example", "claimed"),
        # what anybody can write
        ({}, {"hosts": ["db.acme.example"]}, "domain", "acme.example", "claimed"),
        ({}, {"hosts": ["a.b.internal.acme.example."]}, "domain", "internal.acme.example", "claimed"),
        ({}, {"hosts": ["DB7"]}, "host", "db7", "claimed"),
        ({}, {"hosts": ["a.b.corp.internal"]}, "host", ".corp.internal", "claimed"),
        (
            {"repository": "partner/infra-x", "forge": "ingest/ci"},
            {},
            "repository",
            "partner/infra-*",
            "claimed",
        ),
        # a credential whose maker may write what he likes into it
        ({}, {"facts": {"iss": "https://id.acme.example/x"}}, "named_host", "acme.example", "claimed"),
        ({}, {"facts": {"host": "sentry.acme.example"}}, "named_host", "acme.example", "claimed"),
        ({"repository": "x/acmecorp-backup"}, {}, "brand", "acmecorp", "claimed"),
        ({"path": "src/ACMECORP_prod.env"}, {}, "brand", "acmecorp", "claimed"),
        ({"title": "dump of AcmeCorp!"}, {}, "brand", "acmecorp", "claimed"),
        ({}, {"snippet": "acmecorp_token = ex_…yz"}, "brand", "acmecorp", "claimed"),
        ({"author_email_domain": "acme.example"}, {}, "author_email", "acme.example", "claimed"),
        ({"author_email_domain": "mail.acme.example"}, {}, "author_email", "acme.example", "claimed"),
        ({"author": "jdoe"}, {}, "author", "jdoe", "claimed"),
        ({}, {"emails": ["acme.example"]}, "email", "acme.example", "claimed"),
    ],
)
def test_what_makes_it_ours(place, other, kind, entry, level):
    found = assess(place, **other)
    assert found.level == level
    assert [(r["kind"], r["entry"], r["proof"]) for r in found.reasons] == [(kind, entry, level)]


@pytest.mark.parametrize(
    ("place", "other"),
    [
        ({"owner": "acme2"}, {}),
        ({"owner": "acme-labs"}, {}),  # pinned to another forge
        ({"forge": "gitlab.com", "repository": "partner/pinned"}, {}),
        ({"repository": "acme"}, {}),
        ({"title": "acme", "path": "acme/acme.example"}, {}),
        ({"url": "https://acme.example.evil.test/"}, {}),
        ({"url": "https://[broken"}, {}),
        ({"author_email_domain": "notacme.example"}, {}),
        ({}, {"hosts": ["notacme.example", "example", ""]}),
        ({}, {"facts": {"account": "1234567890123"}}),
        ({}, {"source": "directory2"}),
        ({"repository": "partner/infra"}, {}),
        ({"repository": "group/subx", "forge": "gitlab.com"}, {}),
        ({}, {"hosts": ["corp.internal", "xcorp.internal"]}),  # a suffix is what lies below it
        ({"title": "acmecorporation acmecorp2 macmecorp"}, {}),  # whole words only
        ({}, {"facts": {"iss": "123456789012", "aud": "notacme.example"}}),
    ],
)
def test_what_does_not(place, other):
    assert assess(place, **other) == NOBODY


def test_without_a_watch_list_nothing_is_ours():
    place = Place(forge="github.com", owner="acme", repository="acme/x")
    assert WatchSettings().empty
    assert Ownership(WatchSettings()).assess(place, source="directory") == NOBODY


def test_matches_add_up_and_the_best_proof_counts():
    found = assess({"owner": "acme"}, hosts=["a.acme.example", "b.acme.example"])
    assert (found.level, found.score) == (Level.PROVED, 100)
    assert [r["kind"] for r in found.reasons] == ["organisation", "domain"]
    claimed = assess({"author": "jdoe"}, hosts=["db7"])
    assert (claimed.level, claimed.score) == (Level.CLAIMED, 60)


def test_the_order_of_sightings_makes_no_difference():
    one = assess({"owner": "acme"}, hosts=["b.acme.example"]).reasons
    two = assess({"author": "jdoe"}, hosts=["a.acme.example"]).reasons
    assert combine(one, two) == combine(two, one) == combine(one, two, one)
    assert combine() == NOBODY


def test_reasons_are_bounded_and_the_strongest_stay():
    hosts = tuple(f"h{n}" for n in range(50))
    watch = WatchSettings(hosts=hosts, organisations=("acme",))
    found = Ownership(watch).assess(Place(owner="acme"), source="s", hosts=hosts)
    assert len(found.reasons) == MAX_REASONS
    assert found.reasons[0]["kind"] == "organisation"


def test_a_finding_is_asked_with_all_it_tells():
    event = finding(
        facts={"account_id": "123456789012"},
        hosts=("db7",),
        emails=("acme.example",),
        snippet="acmecorp = …",
        own=("prod-db",),
    )
    kinds = [r["kind"] for r in Ownership(WATCH).of(event).reasons]
    assert kinds == ["account_id", "own_secret", "host", "email", "brand"]


def test_an_own_secret_needs_no_watch_list():
    found = Ownership(WatchSettings()).assess(Place(), source="s", own=("prod-db",))
    assert (found.level, found.reasons[0]["entry"]) == (Level.PROVED, "prod-db")


def test_one_brand_counts_once_and_is_a_weak_claim():
    found = assess({"repository": "x/acmecorp", "path": "acmecorp/acmecorp"}, snippet="acmecorp")
    assert (found.level, found.score, len(found.reasons)) == (Level.CLAIMED, 10, 1)
    assert found.reasons[0]["found"] == "repository"


def test_ten_thousand_entries():
    watch = WatchSettings(
        domains=tuple(f"d{n}.example" for n in range(10_000)),
        organisations=tuple(f"o{n}" for n in range(10_000)),
    )
    ownership = Ownership(watch)
    found = ownership.assess(Place(forge="github.com", owner="o9999"), source="s", hosts=["x.d77.example"])
    assert [r["entry"] for r in found.reasons] == ["o9999", "d77.example"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"domains": ["*.acme.example"]},
        {"domains": ["acme"]},
        {"email_domains": ["jane@acme.example"]},
        {"domains": ["https://acme.example/"]},
        {"repositories": ["acme"]},
        {"organisations": [""]},
        {"users": ["two words"]},
        {"organizations": ["acme"]},
        {"brands": ["abc"]},
        {"brands": ["two-words"]},
        {"hosts": ["*.corp.internal"]},
        {"repositories": ["acme/*/x"]},
        {"repositories": ["/acme"]},
        {"repositories": ["acme/"]},
        {"repositories": ["*"]},
    ],
)
def test_wrong_entries_stop_the_start(wrong):
    with pytest.raises(ValidationError):
        WatchSettings(**wrong)


@pytest.mark.parametrize("order", [1, -1])
def test_a_proof_is_not_lost_behind_a_claim_of_the_same(order):
    proved = assess({"owner": "acme"}).reasons
    claimed = assess({"owner": "acme", "forge": "ingest/github.com"}).reasons
    assert combine(*[claimed, proved][::order]).level == Level.PROVED
