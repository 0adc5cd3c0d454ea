"""Schemathesis, all of its checks, against the running API: with what its description allows, and with what it does not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import StopReason, events, from_schema

from api_site import INGEST_TOKEN, ApiSite, served_apart

EXAMPLES = 4  # of each operation, beside those that its coverage phase makes
SEQUENCES = 2  # of calls that follow one another
SECONDS = 300  # on a machine with much else to do; alone it takes six


def configured(site: ApiSite) -> SchemathesisConfig:
    ingest = {
        "include-path-regex": "^/ingest",
        "headers": {"Authorization": f"Bearer {INGEST_TOKEN}"},
        # a body may be as described and hold no document
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "422"]}},
    }
    # 409, 412: fits the description, and not the state that the exposure is in
    accepted = {"expected-statuses": ["2xx", "401", "403", "404", "409", "412"]}
    return SchemathesisConfig.from_dict(
        {
            "base-url": site.url,
            "seed": 7,
            "headers": site.people.bearer("admin"),
            "generation": {"max-examples": EXAMPLES, "database": "none", "deterministic": True},
            "checks": {"positive_data_acceptance": accepted},
            "phases": {"stateful": {"generation": {"max-examples": SEQUENCES}}},
            "operations": [ingest],
        }
    )


@pytest.mark.timeout(SECONDS)
def test_it_finds_nothing(tmp_path: Path) -> None:
    failures: list[str] = []
    checks: Counter[str] = Counter()
    with served_apart(tmp_path, ingest=True) as site:
        # webhooks are signed with secrets that it does not have
        ours = ("/api/v1/", "/ingest/v1/", "/ingest/ail")
        paths = {path: told for path, told in site.document["paths"].items() if path.startswith(ours)}
        schema = schemathesis.openapi.from_dict({**site.document, "paths": paths}, config=configured(site))
        ended = None
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                for nodes in event.recorder.checks.values():
                    for node in nodes:
                        checks[node.name] += 1
                        if node.failure_info is not None:
                            failure = node.failure_info.failure
                            failures.append(f"{event.label}: {node.name}: {failure.title}: {failure.message}")
            elif isinstance(event, events.NonFatalError | events.FatalError):
                failures.append(str(event))
            elif isinstance(event, events.EngineFinished):
                ended = event.stop_reason
    assert failures == []
    assert ended is StopReason.COMPLETED
    assert len(checks) >= 10
    assert min(checks.values()) > 300
