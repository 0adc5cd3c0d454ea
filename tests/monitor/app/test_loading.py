"""What the configuration's tables become."""

from pathlib import Path

from monitor.app import load_config
from monitor.app.loading import routes_of
from whole_service import configure

NOTIFIERS = """
[notifiers.pagerduty]
routing_key = "synthetic"
tells = ["page"]
[notifiers.slack]
url = "http://slack.example/hook"
[notifiers.webhook]
url = "http://hook.example"
secret = "whsec_c3ludGhldGljIHN5bnRoZXRpYyBzeW50aGV0aWM="
drills = true
"""


def test_each_notifier_is_told_what_it_is_for(tmp_path: Path) -> None:
    routes = routes_of(load_config(configure(tmp_path, NOTIFIERS), {}))
    assert {each.notifier: (sorted(each.tells), each.drills, each.acknowledges) for each in routes} == {
        "pagerduty": (["page"], False, True),
        "slack": (["page", "ticket"], False, False),
        "webhook": (["page", "ticket"], True, True),
    }
