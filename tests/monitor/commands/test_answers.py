"""What init was told becomes tables, and files for the secrets."""

from __future__ import annotations

import pytest

from monitor import app
from monitor.alerting.notifiers.webhook import signing_keys
from monitor.commands.answers import CONSOLE, Answers, Plan, names, plan
from monitor.commands.errors import Failure


def planned(**given: object) -> Plan:
    return plan(
        Answers(**given),  # type: ignore[arg-type]
        {name: plugin.settings for name, plugin in app.sources().items()},
        {name: plugin.settings for name, plugin in app.notifiers().items()},
    )


def test_whatever_has_no_dot_is_an_organisation() -> None:
    assert names("example.com, acme-corp example.org") == (["example.com", "example.org"], ["acme-corp"])
    assert names(" , ") == ([], [])


def test_nothing_said_nothing_chosen() -> None:
    assert planned() == Plan({}, {})


def test_what_is_watched_and_read() -> None:
    made = planned(
        domains=["example.com"],
        sources=["hackernews", "git=https://forge.example/a/b"],
        contact="a@example.com",
    )
    assert made.tables == {
        "watch": {"domains": ["example.com"]},
        "http": {"contact": "a@example.com"},
        "sources.hackernews": {},
        "sources.git": {"repositories": ["https://forge.example/a/b"]},
        "sources.selftest": {},
    }
    assert made.secrets == {}


def test_sources_of_one_forge_share_a_token_and_it_stands_in_no_table() -> None:
    made = planned(sources=["github_events", "github_gists", "gitlab", "selftest"])
    assert set(made.secrets) == {"github.token", "gitlab.token"}
    for name, file in (("github_events", "github"), ("github_gists", "github"), ("gitlab", "gitlab")):
        assert made.tables[f"sources.{name}"] == {"token_file": f"{file}.token"}
    assert not any(secret.value for secret in made.secrets.values())


def test_a_webhook_gets_a_key_of_its_own() -> None:
    made = planned(notifiers=["webhook"])
    assert made.tables["notifiers.webhook"] == {"url_file": "webhook.url", "secret_file": "webhook.secret"}
    key = made.secrets["webhook.secret"]
    assert (key.generated, made.secrets["webhook.url"].value) == (True, "")
    assert signing_keys(key.value)
    assert key.value not in repr(made)
    assert planned(notifiers=["webhook"]).secrets["webhook.secret"].value != key.value


def test_links_lead_to_the_console() -> None:
    assert planned(notifiers=["log"]).tables == {"notifiers.log": {}}
    assert planned(notifiers=["slack"]).tables[""] == {"external_url": CONSOLE}
    told = planned(notifiers=["slack"], external_url="https://leaks.example.com")
    assert told.tables[""] == {"external_url": "https://leaks.example.com"}


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://127.0.0.1:9093", ["127.0.0.1"]),
        ("http://alertmanager:9093", ["alertmanager"]),
        ("http://10.1.2.3:9093", ["10.1.2.3"]),
        ("https://alerts.example.com", []),
    ],
)
def test_a_private_alertmanager_may_be_asked(url: str, near: list[str]) -> None:
    made = planned(notifiers=[f"alertmanager={url}"])
    assert made.tables["notifiers.alertmanager"] == {"urls": [url]}
    assert made.tables.get("http", {}).get("allow_private", []) == near


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"sources": ["github"]}, "github: no such one of sources; there are "),
        ({"notifiers": ["pager"]}, "pager: no such one of notifiers"),
        ({"notifiers": ["alertmanager"]}, "say what it needs, as alertmanager=…"),
        ({"notifiers": ["slack=https://hooks.example/T0K3N"]}, "secrets are asked for, or put into a file"),
    ],
)
def test_what_cannot_be_is_refused_and_no_secret_is_said_again(
    given: dict[str, list[str]], reason: str
) -> None:
    with pytest.raises(Failure) as caught:
        planned(**given)
    assert reason in str(caught.value)
    assert "T0K3N" not in str(caught.value)
