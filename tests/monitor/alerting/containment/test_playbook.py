"""The playbooks are data: judged here, and held against every shipped rule."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import detectors.proofs
from detectors import load_rules
from monitor import misdelivery
from monitor.alerting.containment.playbook import (
    ALWAYS,
    ANY,
    FOLDER,
    LONGEST,
    SOMETIMES,
    Playbook,
    PlaybookError,
    all_playbooks,
    choose,
    fill,
    read,
)
from monitor.alerting.policy import storm
from monitor.misdelivery import FAMILY
from monitor.own import values as own

# the last two are made by the matcher itself
RULES = [*load_rules().rules, own.RULE, replace(own.RULE, id=FAMILY, provider=FAMILY)]
BOOKS = all_playbooks()
PAGES = [(book.file, source) for books in BOOKS.values() for book in books[:1] for source in book.sources]
OF_ROW = {"preview", "people"}  # facts of the exposure; the others are read off the value


# found without a rule: provider and rule have one name
RULELESS = {misdelivery.FAMILY, storm.PROVIDER}


def chosen() -> Counter[Playbook]:
    ruleless = Counter(choose(name, name, "") for name in RULELESS)
    return ruleless + Counter(choose(rule.provider, rule.id, rule.how_to_revoke) for rule in RULES)


def test_every_file_is_read_and_every_playbook_is_for_some_rule() -> None:
    assert set(BOOKS) == {path.stem for path in FOLDER.glob("*.toml")}
    used = chosen()
    assert used.total() == len(RULES) + len(RULELESS)
    assert [(b.file, b.rules) for books in BOOKS.values() for b in books if not used[b]] == []


def test_every_provider_that_a_file_names_has_rules() -> None:
    providers = {rule.provider for rule in RULES} | RULELESS | {ANY}
    assert [(b[0].file, p) for b in BOOKS.values() for p in b[0].providers if p not in providers] == []


@pytest.mark.parametrize(
    ("rule", "file", "word"),
    [
        ("aws-secret-access-key", "aws", "CloudTrail"),
        ("aws-session-token", "aws", "Revoke sessions"),
        ("google-service-account-key", "google", "Audit Logs"),
        ("azure-storage-key", "azure", "StorageBlobLogs"),
        ("azure-entra-client-secret", "azure", "service principal sign-in"),
        ("github-pat-classic", "github", "hashed_token"),
        ("gitlab-pat", "gitlab", "audit events"),
        ("bitbucket-access-token", "bitbucket", "audit log"),
        ("twitter-consumer-secret", "twitter", "callback"),
        ("twitter-bearer-token", "twitter", "invalidate_token"),
        ("twitter-oauth2-client-secret", "twitter", "client secret"),
        ("twitter-access-token-secret", "twitter", "connected_apps"),
        ("slack-bot-token", "slack", "auth.revoke"),
        ("stripe-live-secret-key", "stripe", "payouts"),
        ("twilio-auth-token", "twilio", "secondary token"),
        ("sendgrid-api-key", "sendgrid", "activity feed"),
        ("openai-project-key", "openai", "usage by key"),
        ("anthropic-api-key", "anthropic", "settings/keys"),
        ("npm-access-token", "packages", "npm token delete"),
        ("pypi-upload-token", "packages", "Security history"),
        ("docker-personal-access-token", "docker", "digests"),
        ("discord-bot-token", "discord", "Reset token"),
        ("telegram-bot-token", "telegram", "BotFather"),
        ("google-firebase-server-key", "google", "Firebase Security Rules"),
        ("datadog-api-key", "datadog", "Audit Trail"),
        ("cloudflare-api-token-legacy", "cloudflare", "audit logs"),
        ("digitalocean-personal-access-token", "digitalocean", "security history"),
        ("heroku-api-key", "heroku", "config vars"),
        ("shopify-access-token", "shopify", "30 days"),
        ("square-access-token", "payments", "Replace it"),
        ("paypal-client-secret", "payments", "refunds"),
        ("okta-api-token", "identity", "System Log"),
        ("atlassian-api-token", "atlassian", "api-tokens"),
        ("hashicorp-vault-service-token", "hashicorp", "accessor"),
        ("hashicorp-terraform-token", "hashicorp", "workspaces"),
        ("private-key-openssh", "keys", "authorized_keys"),
        ("private-key-rsa", "keys", "certificate"),
        ("private-key-pgp", "keys", "key servers"),
        ("jwk-private", "keys", "key set"),
        ("jwt-token", "jwt", "issuer"),
        ("postgres-uri", "databases", "connection and query log"),
        ("smtp-password", "mail", "forwarding"),
        ("ftp-url", "logins", "sign-ins"),
        ("http-basic", "logins", "sign-ins"),
        ("generic-password", "kinds", "second factor"),
        ("microsoft-teams-webhook", "kinds", "Delete the webhook"),
        ("signed-url-google-storage", "links", "signed it"),
        ("data-dump-email-password", "dumps", "new password"),
        ("twitter-dm-archive", "twitter", "who received"),
        ("own-secret", "own", "the reasons name which secret"),
        ("misdelivery", "misdelivery", "leakstream deliveries show"),
    ],
)
def test_what_matters_most_has_steps_of_its_own(rule: str, file: str, word: str) -> None:
    (found,) = [each for each in RULES if each.id == rule]
    book = choose(found.provider, found.id, found.how_to_revoke)
    assert book.file == file
    assert word in f"{book.stop} {book.rotate} {book.check} {book.audit} {book.tell}"


def test_what_is_no_secret_is_not_revoked() -> None:
    harmless = [rule for rule in RULES if rule.revoke.startswith("Nothing to revoke")]
    stops = {rule.id: choose(rule.provider, rule.id, rule.how_to_revoke).stop for rule in harmless}
    assert len(stops) > 30
    assert not {
        i: stop
        for i, stop in stops.items()
        if not stop.startswith(("Revoke the secret that", "Have ", "Do nothing"))
    }


@pytest.mark.parametrize("name", sorted(BOOKS))
def test_sentences_are_imperative_and_short(name: str) -> None:
    for book in BOOKS[name]:
        for text in (book.stop, book.rotate, book.check, book.audit, book.tell):
            assert not text or re.match(r"[A-Z][a-z]+ [^.]", text), text
            assert "!" not in text
        assert book.audit or name == "leakstream", book.stop


def test_only_addresses_that_are_encrypted_and_named_as_sources() -> None:
    assert all(re.fullmatch(r"https://[\w.-]+/[^\s]*", source) for _, source in PAGES)
    assert {file for file, _ in PAGES} == set(BOOKS) - {"leakstream"}


def test_every_fact_that_a_step_may_name_is_one_that_something_knows() -> None:
    proofs = "".join(path.read_text() for path in Path(detectors.proofs.__file__).parent.glob("*.py"))
    used = {n for p in FOLDER.glob("*.toml") for n in re.findall(r"\{(\w+)\}", p.read_text())}
    assert used <= ALWAYS | SOMETIMES
    assert used >= SOMETIMES, "a fact that no step names"
    for name in SOMETIMES - OF_ROW:
        assert f'"{name}"' in proofs, name


def test_a_fragment_goes_when_a_fact_of_it_is_missing() -> None:
    template = "Revoke {title}[ of account {account_id}][ ({host}, {scope})]."
    assert fill(template, {"title": "k", "account_id": "1", "host": "h"}) == "Revoke k of account 1."
    assert fill(template, {"title": "k", "account_id": "", "host": "h", "scope": "s"}) == "Revoke k (h, s)."


def test_what_a_fact_holds_is_not_read_as_a_template() -> None:
    assert (
        fill("See {where}[ {host}]", {"where": "{title}[x]", "host": "[{since}]"})
        == "See {title}[x] [{since}]"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[playbook]]\nrotate = 'x'", "without `stop`"),
        ("[[playbook]]\nstop = 'Revoke {secret}'", "unknown placeholder {secret}"),
        ("[[playbook]]\nstop = 'Revoke [{nobody}]'", "unknown placeholder {nobody}"),
        ("[[playbook]]\nstop = 'Revoke {account_id}'", "{account_id} is not always known"),
        ("[[playbook]]\nstop = 'Revoke [{account_id}'", "a bracket is not closed"),
        ("[[playbook]]\nstop = 'Revoke {id'", "a bracket is not closed"),
        ("[[playbook]]\nstop = 'Revoke [a [{title}]]'", "a bracket is not closed"),
        ("[[playbook]]\nstop = 'Revoke'\nlater = 'x'", "unknown key playbook.later"),
        ("[[playbook]]\nstop = 'Revoke'\nrules = 'x'", "a list of texts"),
        ("[[playbook]]\nstop = 'Revoke'\nrules = []", "a list of texts"),
        ("[[playbook]]\nstop = 1", "one line"),
        (f"[[playbook]]\nstop = '{'x' * (LONGEST + 1)}'", "one line"),
        ("[[playbook]]\nstop = 'Revoke {title}'\naudit = 'Look at {it}'", "unknown placeholder {it}"),
        ("title = 'x'\n[[playbook]]\nstop = 'x'", "unknown key title"),
        ("providers = ['x']", "no [[playbook]]"),
        ("playbook", "not valid TOML"),
    ],
)
def test_a_broken_file_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(PlaybookError, match=re.escape(reason)) as refused:
        read("acme", text)
    assert str(refused.value).startswith("acme: ")


def test_defaults_of_the_file_hold_where_a_playbook_says_nothing() -> None:
    first, second = read(
        "acme",
        "audit = 'Look'\n[[playbook]]\nstop = 'A'\nrules = ['acme-a*']\n[[playbook]]\nstop = 'B'\naudit = 'See'",
    )
    assert (first.audit, second.audit, first.providers) == ("Look", "See", ("acme",))
    assert first.fits("acme-api", "")
    assert not first.fits("acme-b", "")
