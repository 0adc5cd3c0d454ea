"""The composition root: what starts, what refuses to, and what runs on."""

from __future__ import annotations

import asyncio
import base64
import uuid
from pathlib import Path

import pytest

from alerting_samples import NOON, open_store, put, tell, telling
from alerting_samples import exposure as sample
from leaks import line
from monitor import config as configuration
from monitor.alerting.exposures.desk import UnknownExposure
from monitor.alerting.notifiers.webhook import WebhookSettings
from monitor.app import Service, Stage, load_config, open_exposures, prepare_state, revision, topics
from monitor.config import ConfigError
from monitor.identity import KeyFileError, KeyRing, create_key, load_keys
from monitor.store import records
from monitor.store.collector_state import SqlCollectorState
from monitor.store.engine import Store
from monitor.store.errors import StoreRefused
from whole_service import configure, running

WATCHED = """
[watch]
sources = ["directory"]
[sources.directory]
paths = ["{folder}"]
follow = false
"""


def watched(folder: Path, **files: bytes) -> Path:
    (folder / "in").mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / "in" / name).write_bytes(content)
    return configure(folder, WATCHED.format(folder=folder / "in"))


async def test_what_a_source_with_an_end_found_is_told_and_the_service_runs_on(tmp_path: Path) -> None:
    async with running(watched(tmp_path, a=line(1))) as run:
        (exposure,) = await run.exposures(1)
        assert exposure["action"] == "page"
        ready = await run.health("/readyz")
        assert (ready.status, ready.json["ready"]) == (200, True)
        assert (await run.health("/healthz")).status == 200
        assert not run.task.done()


async def test_without_sources_and_notifiers_it_waits(tmp_path: Path) -> None:
    async with running(configure(tmp_path, "")) as run:
        assert (await run.health("/readyz")).status == 200
        await asyncio.sleep(0.1)
        assert not run.task.done()


async def test_the_collect_stage_forgets_what_is_past_its_term_and_no_longer_configured(
    tmp_path: Path,
) -> None:
    config = configure(tmp_path, "")
    state = load_config(config).state
    mirror = state / "git" / ("a" * 32 + ".git")
    mirror.mkdir(parents=True)
    store = await Store.open(state / "collectors.db")
    memory = SqlCollectorState(store, clock=lambda: 0.0)
    await memory.mark_seen("git", [b"old"])
    async with running(config, stages=frozenset({Stage.COLLECT})):
        async with asyncio.timeout(120):
            while not await memory.unseen("git", [b"old"]):  # noqa: ASYNC110 - the service tells nobody
                await asyncio.sleep(0.05)
        assert not mirror.exists()
    await store.close()


async def test_three_processes_with_one_state_do_what_one_does(tmp_path: Path) -> None:
    config = watched(tmp_path, a=line(1), b=line(2))
    async with (
        running(config, stages=frozenset({Stage.COLLECT})) as collect,
        running(config, stages=frozenset({Stage.MATCH})) as match,
        running(config, stages=frozenset({Stage.ALERT})) as alert,
    ):
        assert len(await alert.exposures(2)) == 2
        assert collect.addresses.web == ""
        assert match.addresses.web == ""
        stores = [
            (await each.health("/metrics")).text.count("alert_store_info{")
            for each in (collect, match, alert)
        ]
        assert stores == [0, 0, 1]
        parts = [list((await each.health("/readyz")).json["parts"]) for each in (collect, match, alert)]
        assert parts == [["collect"], ["match"], ["alert", "telling"]]


async def test_a_restart_tells_nothing_twice_and_misses_nothing(tmp_path: Path) -> None:
    config = watched(tmp_path, a=line(1))
    async with running(config) as run:
        await run.exposures(1)
    (tmp_path / "in" / "b").write_bytes(line(2))
    async with running(config) as run:
        assert sorted(each["sightings"] for each in await run.exposures(2)) == [1, 1]
        assert run.metric("exposures_total", change="opened") == 1


def test_a_notifier_is_another_when_its_secret_or_the_content_of_its_file_is(tmp_path: Path) -> None:
    file, keys = tmp_path / "url", KeyRing.of(b"k" * 32)
    file.write_text("https://one.example/")

    def now(**more: object) -> str:
        secret = "whsec_" + base64.b64encode(b"x" * 24).decode()
        return revision(WebhookSettings.model_validate({"url_file": file, "secret": secret, **more}), keys)

    first = now()
    assert now() == first != revision(WebhookSettings(url_file=file, secret_file=file), keys)
    assert now(secret="whsec_" + base64.b64encode(b"y" * 24).decode()) != first
    file.write_text("https://two.example/")
    assert now() != first


def test_paths_of_plugins_and_local_repositories_stand_beside_the_file(tmp_path: Path) -> None:
    path = configure(
        tmp_path,
        '[match]\nrules = ["mine.toml"]\n[sources.directory]\npaths = ["in"]\n'
        '[sources.git]\nrepositories = ["code", "https://forge.example/a/b", "git@forge.example:a/b"]\n',
    )
    shown = configuration.show(load_config(path, {}))
    assert shown["match"]["rules"] == [str(tmp_path / "mine.toml")]
    assert shown["sources"]["directory"]["paths"] == [str(tmp_path / "in")]
    assert shown["sources"]["git"]["repositories"] == [
        str(tmp_path / "code"), "https://forge.example/a/b", "git@forge.example:a/b"
    ]  # fmt: skip


def test_dead_letters_take_a_tenth_of_the_room_of_the_configured_documents(tmp_path: Path) -> None:
    config = load_config(configure(tmp_path, "[bus]\ndocuments_gib = 1\ndocuments_hours = 2\n"), {})
    terms = {
        each.name: (each.retention_seconds, each.retention_bytes, each.partitions) for each in topics(config)
    }
    assert terms["documents.v1"][:2] == (7200, 1024**3)
    assert terms["documents.v1.dlq"] == (7200, 1024**3 // 10, 1)


def test_a_first_start_makes_the_state_and_the_key_for_the_owner_alone(tmp_path: Path) -> None:
    config = load_config(configure(tmp_path, ""), {})
    ring = prepare_state(config)
    assert prepare_state(config).current_id == ring.current_id
    assert config.state.stat().st_mode & 0o777 == 0o700
    assert config.key_file.stat().st_mode & 0o777 == 0o600
    assert config.state not in config.key_file.parents


async def test_a_key_that_is_gone_or_foreign_is_refused_with_a_message(tmp_path: Path) -> None:
    config = load_config(watched(tmp_path), {})
    async with running(watched(tmp_path)):
        pass
    config.key_file.rename(tmp_path / "kept.key")
    with pytest.raises(KeyFileError, match="the fingerprint key is gone"):
        await Service(config).run(asyncio.Event())
    create_key(config.key_file)
    with pytest.raises(StoreRefused, match=load_keys(tmp_path / "kept.key").current_id):
        await Service(config).run(asyncio.Event())
    config.key_file.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        await Service(config).run(asyncio.Event())


async def test_what_was_matched_under_another_key_opens_nothing_and_is_set_aside(
    tmp_path: Path, kafka: str
) -> None:
    bus = f"""
[bus]
kind = "kafka"
prefix = "t-{uuid.uuid4().hex[:12]}."
[bus.kafka]
bootstrap = "{kafka}"
security = "plaintext"
replication = 1
min_insync = 1
partitions = 1
"""
    folders = [tmp_path / name for name in ("match", "alert")]
    for folder in folders:
        (folder / "in").mkdir(parents=True)
        create_key(folder / "state.key")  # each host made its own
    (folders[0] / "in" / "a").write_bytes(line(1))
    match, alert = (configure(folder, WATCHED.format(folder=folder / "in") + bus) for folder in folders)
    async with (
        running(match, stages=frozenset({Stage.COLLECT, Stage.MATCH})),
        running(alert, stages=frozenset({Stage.ALERT})) as run,
    ):
        await run.until(lambda: run.metric("dead_letters_total", stage="alert", reason="foreign_key") == 1)
        assert await run.exposures(0) == []
        assert run.metric("exposures_total", change="opened") == 0


async def test_a_taken_port_ends_the_start(tmp_path: Path) -> None:
    async with running(watched(tmp_path)) as run:
        port = run.addresses.health.rpartition(":")[2]
        other = tmp_path / "other"
        other.mkdir()
        path = configure(other, "")
        path.write_text(path.read_text().replace("[metrics]\nport = 0", f"[metrics]\nport = {port}"))
        with pytest.raises(ConfigError, match=rf"\[metrics\] 127.0.0.1:{port} .*address already in use"):
            async with running(path):
                pass


async def test_commands_read_the_store_beside_the_service_or_alone(tmp_path: Path) -> None:
    config = load_config(configure(tmp_path, ""), {})
    with pytest.raises(ConfigError, match="no store here yet"):
        async with open_exposures(config, clock=lambda: 0.0):
            pass
    async with running(configure(tmp_path, "")), open_exposures(config, clock=lambda: 0.0) as exposures:
        with pytest.raises(UnknownExposure):
            await exposures.show("abcdef12", actor="test")


@pytest.mark.parametrize("url", ["", 'external_url = ""\n'])
def test_a_notifier_needs_the_address_that_links_begin_with(tmp_path: Path, url: str) -> None:
    path = tmp_path / "leakstream.toml"
    path.write_text(f'{url}[notifiers.slack]\nurl_file = "slack.url"\n')
    with pytest.raises(ConfigError, match=r"external_url: needed with \[notifiers.slack\].*lead nowhere"):
        load_config(path, {})
    assert load_config(path, {"LEAKSTREAM_EXTERNAL_URL": "https://leaks.example"}).external_url


def test_the_log_needs_no_address_since_it_has_no_link(tmp_path: Path) -> None:
    path = tmp_path / "leakstream.toml"
    path.write_text("[notifiers.log]\n")
    assert set(load_config(path, {}).notifiers) == {"log"}


async def test_ready_is_not_who_can_tell_nobody(tmp_path: Path) -> None:
    secret = "whsec_" + "QUJD" * 8
    hooks = f'[notifiers.webhook]\nurl = "http://127.0.0.1:9/x"\nsecret = "{secret}"\n'
    config = configure(tmp_path, hooks)
    (tmp_path / "state").mkdir(mode=0o700)
    create_key(tmp_path / "state.key")
    store = await open_store(tmp_path / "state")
    await put(store, sample())
    await tell(store, telling("k", notifier="webhook"))
    async with store.write() as connection:
        await records.set_meta(connection, "unreached:webhook", repr(NOON))
    await store.close()
    async with running(config, stages=frozenset({Stage.ALERT})) as run:

        async def said() -> bool:
            return (await run.health("/readyz")).status == 503

        await run.until(said)
        page = (await run.health("/readyz")).json
        assert page["parts"]["alert"]["ready"]
        assert page["parts"]["telling"]["reasons"][0].startswith("no notifier can be reached")
        assert page["notes"] == ["webhook has taken nothing since 2023-11-15T12:00:00Z"]
        assert run.metric("notifier_unreached_seconds", notifier="webhook") > 600
