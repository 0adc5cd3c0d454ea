"""Every module has its tests where one looks for them: detectors/x/y.py in tests/detectors/x/test_y.py."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent

# nothing but shapes, words or tables: there is nothing to call
SHAPES = {
    "detectors/buffers.py",
    "detectors/errors.py",
    "detectors/stats.py",
    "detectors/words.py",
    "monitor/alerting/telling/channel.py",
    "monitor/api/operation.py",
    "monitor/collectors/base.py",
    "monitor/commands/doctor/check.py",
    "monitor/console/proofs.py",
    "monitor/console/queries.py",
    "monitor/matcher/settings.py",
    "monitor/metrics/alerting.py",
    "monitor/metrics/alive.py",
    "monitor/metrics/buckets.py",
    "monitor/metrics/bus.py",
    "monitor/metrics/collecting.py",
    "monitor/metrics/coverage.py",
    "monitor/metrics/everywhere.py",
    "monitor/metrics/matching.py",
    "monitor/metrics/telling.py",
    "monitor/metrics/web.py",
    "monitor/scan/hit.py",
    "monitor/simulator/model.py",
    "monitor/simulator/snippets.py",
    "monitor/sizes.py",
    "monitor/store/model.py",
    "monitor/tools.py",
}
# inner parts of something that is tested whole: module -> where
WHOLE = {
    "monitor/api/coverage.py": "tests/monitor/api/test_api.py",
    "monitor/api/exposures.py": "tests/monitor/api/test_api.py",
    "monitor/api/service.py": "tests/monitor/api/test_api.py",
    "monitor/api/watch.py": "tests/monitor/api/test_api.py",
    "monitor/collectors/github/gists.py": "tests/monitor/collectors/sources/test_github_gists.py",
    "monitor/collectors/recheck/forges.py": "tests/monitor/collectors/recheck/test_github.py",
    "monitor/collectors/handin/request.py": "tests/monitor/collectors/sources/test_ingest.py",
    "monitor/collectors/paste/work.py": "tests/monitor/collectors/sources/test_pastes.py",
    "monitor/collectors/sources/gitea.py": "tests/monitor/collectors/sources/test_gitea_with_site.py",
    "monitor/bus/kafka/greeting.py": "tests/monitor/commands/doctor/test_brokers.py",
    "monitor/commands/doctor/asking.py": "tests/monitor/commands/doctor/test_sources.py",
    "monitor/commands/coverage_lines.py": "tests/monitor/commands/test_coverage.py",
    "monitor/commands/ledger.py": "tests/monitor/commands/test_coverage.py",
    "monitor/commands/proving.py": "tests/monitor/commands/test_coverage.py",
    "monitor/simulator/gitea_world.py": "tests/monitor/simulator/sites/test_gitea.py",
    "monitor/alerting/drills/drilled.py": "tests/monitor/alerting/drills/test_judge.py",
    "monitor/store/drills.py": "tests/monitor/alerting/drills/test_judge.py",
    "monitor/store/evidence.py": "tests/monitor/store/test_ledger.py",
    "detectors/decoders/base.py": "tests/detectors/decoders/test_base64.py",
    "detectors/model.py": "tests/detectors/test_scanner.py",
    "detectors/rulereader.py": "tests/detectors/test_loader.py",
    "detectors/ruleset.py": "tests/detectors/test_loader.py",
    "monitor/app/alerting.py": "tests/monitor/app/test_service.py",
    "monitor/app/asking.py": "tests/monitor/commands/doctor/test_notifiers.py",
    "monitor/app/brokers.py": "tests/monitor/commands/doctor/test_brokers.py",
    "monitor/console/exposures.py": "tests/monitor/console/test_flows.py",
    "monitor/console/frame.py": "tests/monitor/console/test_console.py",
    "monitor/app/buses.py": "tests/monitor/app/test_service.py",
    "monitor/app/drills.py": "tests/monitor/test_drill_chain.py",
    "monitor/app/opening.py": "tests/monitor/commands/test_dlq.py",
    "monitor/app/reports.py": "tests/monitor/commands/test_report.py",
    "monitor/report/coverage_words.py": "tests/monitor/report/test_markdown.py",
    "monitor/app/replaying.py": "tests/monitor/commands/test_replay.py",
    "monitor/app/state.py": "tests/monitor/app/test_service.py",
    "monitor/bus/base.py": "tests/monitor/bus/test_runner.py",
    "monitor/bus/embedded/consumer.py": "tests/monitor/bus/test_embedded_contract.py",
    "monitor/bus/embedded/log.py": "tests/monitor/bus/embedded/test_retention.py",
    "monitor/bus/embedded/reader.py": "tests/monitor/bus/test_embedded_contract.py",
    "monitor/bus/embedded/segments.py": "tests/monitor/bus/embedded/test_retention.py",
    "monitor/bus/embedded/worker.py": "tests/monitor/bus/embedded/test_embedded.py",
    "monitor/collectors/github/listing.py": "tests/monitor/collectors/sources/test_github_events.py",
    "monitor/collectors/github/work.py": "tests/monitor/collectors/sources/test_github_events.py",
    "monitor/collectors/github/accounts.py": "tests/monitor/simulator/test_github_app.py",
    "monitor/collectors/gitrepo/look.py": "tests/monitor/collectors/sources/test_git.py",
    "monitor/commands/demo.py": "tests/monitor/commands/test_service.py",
    "monitor/commands/drill_simulated.py": "tests/monitor/commands/test_drill.py",
    "monitor/commands/errors.py": "tests/monitor/test_cli.py",
    "monitor/commands/expected.py": "tests/monitor/test_cli.py",
    "monitor/gitread/documents.py": "tests/monitor/collectors/sources/test_git.py",
    "monitor/scan/telling.py": "tests/monitor/scan/test_run.py",
    "monitor/simulator/github_json.py": "tests/monitor/simulator/test_github.py",
    "monitor/store/migrations/env.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/migrations/versions/v0001_first.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/migrations/versions/v0002_standing.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/migrations/versions/v0003_dead_letters.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/migrations/versions/v0004_gaps.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/migrations/versions/v0006_ledger.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/migrations/versions/v0007_following.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/migrations/versions/v0008_listing.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/migrations/versions/v0009_tracing.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/tables/collecting.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/tables/leaks.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/tables/ledger.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/tables/listing.py": "tests/monitor/store/test_queries.py",
    "monitor/store/tables/schema.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/tables/service.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/tables/telling.py": "tests/monitor/store/test_migrate.py",
    "monitor/store/migrations/versions/v0005_requests.py": "tests/monitor/store/test_migrate.py",
    "monitor/version.py": "tests/monitor/commands/test_setup.py",
}


def modules() -> set[str]:
    """All but what only opens a package or a program."""
    return {
        path.relative_to(ROOT).as_posix()
        for package in ("detectors", "monitor")
        for path in (ROOT / package).rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py")
    }


def mirror(module: str) -> Path:
    path = Path(module)
    return TESTS / path.parent / f"test_{path.name}"


def test_every_module_has_its_tests() -> None:
    without = {module for module in modules() if not mirror(module).exists()}
    assert sorted(without - SHAPES - WHOLE.keys()) == []


@pytest.mark.parametrize("module", sorted(SHAPES | WHOLE.keys()))
def test_no_exemption_is_stale(module: str) -> None:
    assert module in modules(), "the module is gone"
    assert not mirror(module).exists(), "it has tests of its own now"
    assert (ROOT / WHOLE.get(module, "pyproject.toml")).exists(), "the tests that it names are gone"
