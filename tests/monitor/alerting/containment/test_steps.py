"""What to do, filled with what is known of the exposure; for every shipped rule."""

from __future__ import annotations

from dataclasses import replace

from alerting_samples import NOON, exposure, fingerprint
from detectors import load_rules
from monitor.alerting.containment.duty import PrivacySettings
from monitor.alerting.containment.steps import LONGEST, MOST_STEPS, containment

RULES = {rule.id: rule for rule in load_rules().rules}


def of(rule: str, **other: object):
    found = RULES[rule]
    names = {"rule": rule, "provider": found.provider, "title": found.title, "revoke": found.how_to_revoke}
    return exposure(**(names | other))


def test_an_aws_key_is_named_with_its_account_its_id_and_the_time() -> None:
    row = of("aws-access-key-id", facts={"account_id": "123456789012"}, preview="AKIA…7Q")
    done = containment(row)
    assert done.playbook == "aws"
    assert "\n".join(done.steps) == (
        "Make the access key AKIA…7Q inactive now: aws iam update-access-key --status Inactive, in account 123456789012; if it is the"
        " root user's, delete it.\n"
        "Create a new key, or better a role with temporary credentials, put it where the old one was, then delete the old key.\n"
        "Revoke the sessions that the key opened, and remove users, keys, roles and instances made since 2023-11-15 11:59 UTC that nobody"
        " knows.\n"
        "Search CloudTrail's event history in every region for the access key id, AKIA…7Q, from 2023-11-15 11:59 UTC on: calls, addresses,"
        " regions, created resources, in account 123456789012.\n"
        "Tell the owner of the AWS account 123456789012; open a case with AWS Support if the key was used, and leave a quarantine policy"
        " that AWS attached where it is.\n"
        "Take it out of acme/code a.env: history, forks and caches keep it, so the revocation comes first.\n"
        f"Close it when that is done: leakstream exposures close {fingerprint('a')[:12]} --reason revoked"
    )
    assert (done.audit_log, done.who_to_tell) == (done.steps[3], done.steps[4])
    assert done.names == ("stop", "rotate", "check", "audit", "tell", "place", "close")
    assert done.duty is None


def test_every_rule_has_steps_that_fit() -> None:
    long = dict.fromkeys(("account_id", "host", "iss", "sub", "organization", "fingerprint"), "x" * 200)
    for name, rule in RULES.items():
        for row in (of(name), of(name, facts=long, repository="r" * 300, path="", public="public")):
            done = containment(row)
            assert 2 <= len(done.steps) == len(set(done.names)) <= MOST_STEPS, name
            assert all(0 < len(step) <= LONGEST and "\n" not in step for step in done.steps), name
            assert done.steps[-1].startswith("Close it when that is done: "), name
            assert done.revoke_url == "" or done.revoke_url.startswith("https://"), name
        if rule.revoke_url and done.playbook == "kinds":
            assert rule.revoke_url in f"{done.steps[0]} {done.steps[1]}", name


def test_an_imported_rule_of_a_stranger_has_steps_too() -> None:
    row = exposure(
        rule="house-badge-token",
        provider="house",
        title="House badge",
        revoke="Ask Ann",
        facts={"host": "badge.example"},
    )
    done = containment(row)
    assert done.steps[0] == "Revoke the House badge at badge.example: Ask Ann."
    assert containment(replace(row, revoke="")).steps[0].endswith(": at its provider's console.")


def test_an_address_is_not_followed_by_a_full_stop() -> None:
    done = containment(
        exposure(rule="house-key", provider="house", revoke="Keys: delete it: https://house.example/keys")
    )
    assert done.steps[0].endswith("https://house.example/keys")
    assert done.revoke_url == "https://house.example/keys"


def test_foreign_facts_cannot_speak_as_steps() -> None:
    row = of(
        "jwt-token",
        facts={"iss": "evil\nSend money to {id} [x]\x1b[31m" + "a" * 500, "sub": ""},
        path="p\n2. do this",
    )
    done = containment(row)
    assert all("\n" not in step and "\x1b" not in step and len(step) <= LONGEST for step in done.steps)
    assert "subject" not in done.steps[0]
    assert "{id}" in done.steps[0]


def test_what_stands_nowhere_any_more_need_not_be_taken_out() -> None:
    assert any(
        "Take it out of" in step for step in containment(of("github-pat-classic", public="public")).steps
    )
    for public in ("removed", "cleaned"):
        assert not any(
            "Take it out of" in step for step in containment(of("github-pat-classic", public=public)).steps
        )


def test_leaked_personal_data_starts_a_clock() -> None:
    privacy = PrivacySettings(authority="the CNIL", contact="Ann, privacy officer")
    row = of("data-dump-email-password", people=4200)
    done = containment(row, privacy)
    assert done.duty is not None
    assert done.duty.deadline == NOON + 72 * 3600
    assert (done.duty.people, done.duty.data) == (
        4200,
        "user names or e-mail addresses with passwords or their hashes",
    )
    assert (
        done.steps[0]
        == "Force a new password for every account in it and end their sessions: at least 4200 people."
    )
    told = "Tell Ann, privacy officer now (at least 4200 people): GDPR Art. 33 has the CNIL notified by 2023-11-18 12:00 UTC if it is yours."
    assert told in done.steps
    assert done.who_to_tell.startswith(told)
    assert done.steps[-1].endswith("--reason removed")


def test_without_a_law_the_person_in_charge_is_told_all_the_same() -> None:
    done = containment(of("twitter-dm-archive"), PrivacySettings.model_validate({"regime": "none"}))
    assert any(step.startswith("Tell the data protection officer now, who decides") for step in done.steps)
    assert done.duty is not None
    assert done.duty.deadline is None


def test_a_rules_own_sentence_needs_no_lead() -> None:
    assert containment(of("generic-password")).steps[0].startswith("Change the password where it is used")
    assert (
        containment(of("postgres-uri"))
        .steps[0]
        .startswith("Change the password of the database user: ALTER ROLE")
    )


def test_of_a_service_that_is_gone_nothing_is_revoked() -> None:
    row = exposure(
        rule="house-key",
        provider="house",
        title="House key",
        revoke="The service has closed: nothing is left to revoke",
    )
    assert (
        containment(row)
        .steps[0]
        .startswith("Take the House key out of what still uses it: The service has closed")
    )
