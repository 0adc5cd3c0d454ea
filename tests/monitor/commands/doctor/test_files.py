"""Keys, secrets and folders, and for whom they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from agekeys import responder
from doctoring import failed, look, named, one, warned
from monitor.app import ledger_key, load_config, prepare_state
from monitor.commands.doctor import Outcome, files
from monitor.config import Config
from monitor.coverage.signing import create_signer
from monitor.store.engine import Store
from whole_service import configure


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(configure(tmp_path, '[watch]\ndomains = ["example.com"]\n'), {})


def test_a_fresh_folder_is_fine_and_nothing_is_made(config: Config) -> None:
    found = look(files.look, config)
    assert not [
        check
        for name in ("config", "state", "ledger", "evidence")
        for check in named(found, name)
        if check.advice
    ]
    warned(one(found, "key"), "leakstream init")
    assert not config.state.exists()
    assert not config.key_file.exists()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_can_read_is_named_with_the_command_that_mends_it(
    config: Config, mode: int
) -> None:
    prepare_state(config)
    assert one(look(files.look, config), "key").outcome is Outcome.OK
    config.key_file.chmod(mode)
    failed(
        one(look(files.look, config), "key"),
        str(config.key_file),
        "others can read",
        f"chmod 600 {config.key_file}",
    )


def test_a_key_that_is_damaged_is_not_told_to_be_made_readable(config: Config) -> None:
    prepare_state(config)
    config.key_file.write_text("no key\n")
    failed(one(look(files.look, config), "key"), "restore", str(config.key_file))


async def test_a_key_that_is_gone_is_not_made_anew(config: Config) -> None:
    prepare_state(config)
    await (await Store.open(config.state / "store.db")).close()
    config.key_file.unlink()
    failed(one(look(files.look, config), "key"), "restore it")


def test_on_kafka_the_key_is_nobody_s_to_make(tmp_path: Path) -> None:
    text = '[bus]\nkind = "kafka"\n[bus.kafka]\nbootstrap = "127.0.0.1:1"\nsecurity = "plaintext"\n'
    failed(
        one(look(files.look, load_config(configure(tmp_path, text), {})), "key"),
        "leakstream init",
        "every stage",
    )


def test_the_key_of_the_ledger_is_looked_at(config: Config) -> None:
    path = ledger_key(config)
    assert "will be made by the alerting stage" in one(look(files.look, config), "ledger").found
    assert not path.exists()
    public = create_signer(path).public
    assert one(look(files.look, config), "ledger").found == f"signed by {public}"
    path.chmod(0o644)
    failed(one(look(files.look, config), "ledger"), f"chmod 600 {path}")


def test_an_open_state_folder_fails(config: Config) -> None:
    prepare_state(config)
    config.state.chmod(0o755)
    failed(one(look(files.look, config), "state"), f"chmod 700 {config.state}")


def test_files_with_secrets_must_be_there_and_not_be_everybody_s(tmp_path: Path) -> None:
    text = f"""
[sources.github_events]
token_file = "{tmp_path}/token"
[notifiers.alertmanager]
urls = ["http://127.0.0.1:9093"]
username = "leakstream"
password_file = "{tmp_path}/password"
"""
    config = load_config(configure(tmp_path, text), {})
    first, second = named(look(files.look, config), "secrets")
    failed(first, "sources.github_events.token_file", "is not there", str(tmp_path / "token"))
    failed(second, "notifiers.alertmanager.password_file", "is not there")
    for name in ("token", "password"):
        (tmp_path / name).write_text("a text of the tests")
        (tmp_path / name).chmod(0o640)  # as a pod's secrets are mounted
    check = one(look(files.look, config), "secrets")
    assert (check.outcome, check.found) == (Outcome.OK, "2 of 2 files can be read")
    (tmp_path / "token").chmod(0o644)
    warned(
        named(look(files.look, config), "secrets")[0], "everybody on this host", f"chmod 600 {tmp_path}/token"
    )


def test_a_file_of_several_keys_is_told_once(tmp_path: Path) -> None:
    text = '[sources.github_events]\ntoken_file = "token"\n[sources.github_gists]\ntoken_file = "token"\n'
    check = one(look(files.look, load_config(configure(tmp_path, text), {})), "secrets")
    failed(check, "sources.github_events.token_file, sources.github_gists.token_file", "umask 077")


def test_a_secret_deep_in_a_list_is_found(tmp_path: Path) -> None:
    text = f'[[sources.ingest.tokens]]\nname = "ci"\ntoken_file = "{tmp_path}/none"\n'
    found = one(look(files.look, load_config(configure(tmp_path, text), {})), "secrets")
    failed(found, "sources.ingest.tokens.0.token_file")


def test_recipients_of_evidence_are_looked_at(tmp_path: Path) -> None:
    file, watch = tmp_path / "recipients", '[watch]\ndomains = ["example.com"]\n'
    section = f'[evidence]\nrecipients_file = "{file}"\n'

    def told(text: str):
        return one(look(files.look, load_config(configure(tmp_path, text), {})), "evidence")

    assert told(watch).found.startswith("off")
    failed(told(watch + section), "[evidence]")  # no such file
    ann = responder(tmp_path)
    file.write_text(ann.public)
    file.chmod(0o600)
    assert (told(watch + section).outcome, ann.public in told(watch + section).found) == (Outcome.OK, True)
    warned(told(section), "[watch] is empty")
    file.chmod(0o622)
    failed(told(watch + section), "others can write", "chmod go-w")
    file.write_text(ann.identity.read_text())
    failed(told(watch + section), "private key")
    assert ann.identity.read_text().strip() not in told(watch + section).text
