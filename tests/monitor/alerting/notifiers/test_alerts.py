from dataclasses import replace
from datetime import datetime

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting_samples import NOON, exposure, fingerprint
from monitor.alerting.exposures.view import exposure_object
from monitor.alerting.notifiers.alerts import alert, too_many
from notifier_samples import CONSOLE, harmless, standing


def seconds(text):
    return datetime.fromisoformat(text).timestamp()


def test_a_firing_alert():
    built = alert(standing(), ends=NOON + 3600)
    exposure_id = fingerprint("a")
    assert built == {
        "labels": {
            "alertname": "LeakExposure",
            "exposure": exposure_id[:32],
            "opening": "1",
            "severity": "page",
            "rule": "example-token",
            "provider": "example",
            "owned": "proved",
            "incident": "acme/code",
        },
        "annotations": {
            "summary": "Example token in acme/code a.env",
            "key": "k",
            "leak_severity": "high",
            "proof": "unprovable",
            "preview": "ex_…yz",
            "place": "acme/code a.env",
            "sightings": "1",
            "first_seen": "2023-11-15T12:00:00Z",
            "why": "the owner acme is your organisation (proved)",
            "description": (
                "1. Revoke the Example token: https://example.com/revoke\n"
                "2. Issue one with the least rights and a short term, put it where the old one was, and do not commit it.\n"
                "3. Look for keys, users, webhooks and exports added since 2023-11-15 11:59 UTC that nobody knows.\n"
                "4. Look in the provider's audit log, or its usage and billing pages, from 2023-11-15 11:59 UTC on for calls and"
                " addresses that are not yours.\n"
                "5. Tell the owner of the account and the team that uses the credential.\n"
                "6. Take it out of acme/code a.env: history, forks and caches keep it, so the revocation comes first.\n"
                f"7. Close it when that is done: leakstream exposures close {exposure_id[:12]} --reason revoked"
            ),
        },
        "startsAt": "2023-11-15T12:00:00+00:00",
        "endsAt": "2023-11-15T13:00:00+00:00",
        "generatorURL": f"{CONSOLE}/exposures/{exposure_id}",
    }


def test_what_changes_later_is_no_label():
    first = standing()
    row = exposure(rule="other", severity="critical", level="claimed", repository="zzz/moved", rank=2000)
    worse = replace(first, exposure=exposure_object(row, ()))
    assert alert(worse, ends=NOON)["labels"] == alert(first, ends=NOON)["labels"]
    assert alert(worse, ends=NOON)["annotations"]["leak_severity"] == "critical"


def test_what_ended_says_when_and_never_before_it_began():
    assert seconds(alert(standing(ended=NOON + 9), ends=NOON + 3600)["endsAt"]) == NOON + 9
    assert seconds(alert(standing(ended=NOON - 9), ends=NOON + 3600)["endsAt"]) == NOON


def test_a_drill_says_so_in_label_and_text():
    built = alert(standing(mode="exercise"), ends=NOON)
    assert built["labels"]["exercise"] == "true"
    assert built["annotations"]["summary"].startswith("EXERCISE - ")


def test_without_a_console_there_is_no_link():
    row = exposure()
    built = alert(replace(standing(), exposure=exposure_object(row, ())), ends=NOON)
    assert "generatorURL" not in built


@settings(max_examples=60)
@given(text=st.text(max_size=600), other=st.text(alphabet="\x00\n\u202e\u200b\ud800<@a", max_size=400))
def test_hostile_texts_are_shown_escaped_and_bounded(text, other):
    built = alert(standing(repository=text, path=other, title=other, provider=text, preview=text), ends=NOON)
    orjson.dumps(built)  # valid UTF-8
    for value in built["labels"].values():
        assert value  # Alertmanager takes an empty label for none
        assert harmless(value)
        assert len(value) <= 256 * 10
    for name, value in built["annotations"].items():
        assert harmless(value.replace("\n", ""))
        assert len(value) < 40_000
        assert "\n" not in value or name in ("why", "description")


def test_one_alert_for_the_rest():
    built = too_many(12, "page", ends=NOON)
    assert built["labels"] == too_many(13, "page", ends=NOON + 1)["labels"]
    assert built["annotations"]["summary"].startswith("12 more")
