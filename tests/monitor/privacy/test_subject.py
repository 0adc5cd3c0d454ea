"""Who is meant by a subject, and what in a place is about him."""

from __future__ import annotations

import pytest

from monitor.identity import KeyRing
from monitor.privacy.subject import Kind, Subject, SubjectError

OLD, NEW = b"o" * 32, b"n" * 32
KEYS = KeyRing.of(NEW, OLD)
PLACE = {
    "forge": "github.com",
    "owner": "Bob",
    "repository": "Bob/code",
    "url": "https://github.com/Bob/code",
    "path": "a.env",
    "author": "Bob",
    "author_email_domain": "example.com",
    "line": 3,
}


def of(text: str) -> Subject:
    return Subject.of(text, KEYS)


@pytest.mark.parametrize(
    ("text", "kind", "name", "forge"),
    [
        ("Ann@Example.com", Kind.EMAIL, "ann@example.com", ""),
        (" bob ", Kind.NAME, "bob", ""),
        ("@bob", Kind.NAME, "bob", ""),
        ("Ann Example", Kind.NAME, "ann example", ""),
        ("GitHub.com/Bob", Kind.OWNER, "bob", "github.com"),
    ],
)
def test_three_ways_to_name_somebody(text, kind, name, forge) -> None:
    subject = of(text)
    assert (subject.kind, subject.name, subject.forge) == (kind, name, forge)
    assert name not in repr(subject)


@pytest.mark.parametrize(
    "text", ["", "  ", "a\nb", "bob/code", "github.com/", "github.com/bob/code", "x" * 400, "\u202e"]
)
def test_what_names_nobody_is_refused(text) -> None:
    with pytest.raises(SubjectError):
        of(text)


def test_an_address_is_looked_for_under_every_key() -> None:
    subject = of("ann@example.com")
    for key in (OLD, NEW):
        digest = KeyRing.of(key).digest("author", b"ann@example.com")
        assert subject.wrote({"author_email_hash": digest})
        assert digest in subject.needles
    assert not subject.wrote(
        {"author_email_hash": KeyRing.of(b"s" * 32).digest("author", b"ann@example.com")}
    )
    assert not subject.wrote({"author_email_domain": "example.com"})


@pytest.mark.parametrize(
    ("text", "owns", "wrote"),
    [
        ("bob", True, True),
        ("github.com/bob", True, True),
        ("gitlab.com/bob", False, False),
        ("bo", False, False),
        ("code", False, False),
        ("bob@example.com", False, False),
    ],
)
def test_owner_and_author(text, owns, wrote) -> None:
    assert (of(text).owns(PLACE), of(text).wrote(PLACE)) == (owns, wrote)


def test_what_a_sender_says_of_a_forge_counts_as_that_forge() -> None:
    assert of("github.com/bob").owns({"forge": "ingest/github.com", "repository": "bob/x"})


def test_what_is_left_of_a_place() -> None:
    assert of("github.com/bob").without(PLACE) == {"forge": "github.com", "line": 3}
    other = {**PLACE, "owner": "acme", "repository": "acme/code"}
    assert of("bob").without(other) == {k: v for k, v in other.items() if not k.startswith("author")}
    told = {"forge": "paste", "title": "dump of ANN@example.com", "line": 1}
    assert of("ann@example.com").without(told) == {"forge": "paste", "line": 1}


def test_a_bare_name_is_no_mention_and_an_address_is() -> None:
    assert not of("bob").mentioned(["said bob"])
    assert of("bob@example.com").mentioned(["mail Bob@Example.com"])
    assert of("bob@example.com").concerns({"forge": "x"}, "to=bob@example.com")


def test_entries_of_the_access_log() -> None:
    assert of("ann").is_actor("cli:Ann")
    assert of("ann@example.com").is_actor("console:ann@example.com")
    assert not of("ann").is_actor("cli:annabel")
    assert not of("github.com/ann").is_actor("cli:ann")


def test_repositories_and_short_texts() -> None:
    assert of("bob").has_repository("Bob/code")
    assert not of("bob").has_repository("bobby/code")
    assert not of("bob").has_repository("bob")
    assert of("bob").in_text("BOB")
    assert of("bob").in_text("bob/code")
    assert not of("bob").in_text("bobby")


def test_needles_are_as_the_store_writes_them() -> None:
    assert "Jos\\u00e9" in Subject.of("josé", KEYS).needles
