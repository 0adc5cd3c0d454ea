from __future__ import annotations

from detectors.accounts import TOP, Accounts


def facts(*accounts: bytes) -> dict[str, str]:
    counted = Accounts()
    for account in accounts:
        counted.add(account)
    return counted.facts()


def test_case_and_blanks_make_no_other_account() -> None:
    assert facts(b"Ann@Acme.org", b" ann@acme.org", b"bob@acme.io", b"") == {
        "accounts": "2",
        "domains": "acme.org 2, acme.io 1",
    }


def test_names_without_a_domain_have_none() -> None:
    assert facts(b"ann", b"bob") == {"accounts": "2"}


def test_only_the_most_frequent_domains_are_named_and_never_a_local_part() -> None:
    found = facts(*(b"ann@acme%02d.org" % (n % 15) for n in range(40)))

    assert found["domains"].split(", ")[0] == "acme00.org 3"
    assert found["domains"].count(",") == TOP - 1
    assert "ann" not in found["domains"]


def test_what_is_no_domain_is_not_repeated() -> None:
    assert "domains" not in facts(b"ann@<script>", b"ann@", b"ann@\xff\xfe")
