"""What a page of the documentation takes for granted before its first command: one function a page, "" for all others."""

from __future__ import annotations

import random
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Final

import orjson

from doc_house import TOKEN, House, from_package
from doc_pages import ROOT
from doc_sandbox import Sandbox


def served(house: House, page: str) -> Sandbox:
    """The configuration of a service that runs and has found leaks."""
    return house.sandbox(page)


def bare(house: House, page: str) -> Sandbox:
    """Nothing at all."""
    return house.sandbox(page, served=False)


def alone(house: House, page: str) -> Sandbox:
    """A configuration whose service does not run, and a key."""
    sandbox = bare(house, page)
    sandbox.write("leakstream.toml", "")
    assert sandbox.run("leakstream init made/leakstream.toml && mv made/*.key .").returncode == 0
    return sandbox


def own_store(house: House, page: str) -> Sandbox:
    """A configuration with a store of its own, a copy of the running service's."""
    sandbox = alone(house, page)
    state = sandbox.folder / "leakstream-state"
    state.mkdir(mode=0o700)
    with closing(sqlite3.connect(house.store)) as live, closing(sqlite3.connect(state / "store.db")) as copy:
        live.backup(copy)
    (state / "store.db").chmod(0o600)
    shutil.copy(house.key, sandbox.folder / "leakstream-state.key")
    return sandbox


def repository(house: House, page: str) -> Sandbox:
    """A git repository with one commit, and a folder with a leak that is not in it yet."""
    sandbox = bare(house, page)
    sandbox.write("README", "nothing\n")
    made = sandbox.run(
        "git init --quiet . && echo '.*' > .git/info/exclude && git add README && git commit --quiet -m first"
    )
    assert made.returncode == 0, made.stdout
    sandbox.write("README", "nothing new\n")
    sandbox.write("src/settings.py", house.leaks(random.Random(3)).text.decode())
    return sandbox


def _readme(house: House, page: str) -> Sandbox:
    """The files that the ten lines name, and GitHub as the simulator plays it, where the company leaks all the time."""
    sandbox = repository(house, page)
    shutil.rmtree(sandbox.folder / "src")
    github = house.simulator(sandbox)
    sandbox.write("github.token", "of-the-tests")
    sandbox.write("slack.url", house.pager.url)
    sandbox.environment |= {
        "LEAKSTREAM_SOURCES__GITHUB_EVENTS__BASE_URL": github,
        "LEAKSTREAM_SOURCES__GITHUB_EVENTS__POLL_SECONDS": "1",
        "LEAKSTREAM_HTTP__ALLOW_PRIVATE": '["127.0.0.1"]',
    }
    sandbox.proof = lambda: any("blocks" in told for told in house.pager.told)  # Slack's form
    return sandbox


def _tutorial(house: House, page: str) -> Sandbox:
    sandbox = bare(house, page)
    sandbox.proof = lambda: sandbox.log.count('"page"') > 0
    return sandbox


def _tokens(house: House, page: str) -> Sandbox:
    sandbox = alone(house, page)
    sandbox.write("leakstream.toml", '[sources.github_events]\ntoken_file = "github.token"\n')
    sandbox.environment["GITHUB_TOKEN"] = "of-the-tests"
    return sandbox


def _own_secrets(house: House, page: str) -> Sandbox:
    sandbox = alone(house, page)
    sandbox.write(".env", f"DB_PASSWORD={secrets.token_urlsafe(24)}\n")
    return sandbox


def _rules(house: House, page: str) -> Sandbox:
    """Code for a sample, and a rule file in the manner of Gitleaks."""
    sandbox = bare(house, page)
    source = sandbox.folder / ".home" / "src"
    source.mkdir()
    shutil.copy(ROOT / "monitor" / "config.py", source)
    sandbox.write("gitleaks.toml", "[[rules]]\nid = 'other-key'\nregex = '''other_[0-9a-f]{32}'''\n")
    return sandbox


def _policy(house: House, page: str) -> Sandbox:
    """The example that the page speaks of."""
    sandbox = bare(house, page)
    shutil.copytree(ROOT / "docs" / "examples", sandbox.folder, dirs_exist_ok=True)
    return sandbox


def _evidence(house: House, page: str) -> Sandbox:
    """The key that the running service seals to is that of the page's responder."""
    sandbox = served(house, page)
    sandbox.changed["-d -i ~/.age/leaks.key"] = f"-d -i {house.responder.identity}"
    return sandbox


def _misdelivery(house: House, page: str) -> Sandbox:
    """Messages of others: as many as make an entry of the ledger at once have come, one more was kept."""
    sandbox = served(house, page)
    sandbox.write("x-consumer-secret", TOKEN)
    at = int(time.time() - 60)
    sandbox.changed["2026-11-22T03:14"] = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(at))

    def envelope(first: int, count: int) -> bytes:
        message = {"sender_id": "17", "target": {"recipient_id": "18"}}
        numbers = range(first, first + count)
        events = [{"id": str(n), "type": "message_create", "message_create": message} for n in numbers]
        return orjson.dumps({"for_user_id": "2244994945", "direct_message_events": events})

    house.deliver("support-bot", envelope(1057632, 256))
    sandbox.write("kept.json", f'{{"envelope": {envelope(1, 1).decode()}, "delivered_at": {at}}}')
    return sandbox


def _postgres(house: House, page: str) -> Sandbox:
    """A server, its administrator's login in the environment, a key, and the store of a service that has ended."""
    sandbox = own_store(house, page)
    with closing(sqlite3.connect(sandbox.folder / "leakstream-state" / "store.db")) as old:
        old.execute("UPDATE leases SET until = 0")
        old.commit()
    server = house.postgres
    for name in ("createuser", "createdb", "pg_dump", "pg_restore"):
        if shutil.which(name) is None:
            from_package(house.programs / name, "postgresql-client-15", "usr/lib/postgresql/15/bin")
    sandbox.environment |= {"PGHOST": server.socket_folder, "PGPORT": str(server.port), "PGUSER": "postgres"}
    sandbox.changed["leakstream@db.example.com/leakstream"] = (
        f"leakstream@/leakstream?host={server.socket_folder}&port={server.port}"
    )
    sandbox.write("db.password", "of-the-tests")
    return sandbox


GROUNDS: Final[Mapping[str, Callable[[House, str], Sandbox]]] = {
    "": served,
    "README.md": _readme,
    "docs/tutorial/first-page.md": _tutorial,
    "docs/how-to/console-access.md": bare,
    "docs/how-to/scan.md": repository,
    "docs/how-to/respond.md": own_store,
    "docs/how-to/silence.md": own_store,
    "docs/how-to/tokens.md": _tokens,
    "docs/how-to/backup.md": own_store,
    "docs/how-to/evidence-sealed.md": _evidence,
    "docs/how-to/misdelivery.md": _misdelivery,
    "docs/how-to/notifying.md": own_store,
    "docs/how-to/own-secrets.md": _own_secrets,
    "docs/how-to/policy.md": _policy,
    "docs/how-to/postgresql.md": _postgres,
    "docs/how-to/rules.md": _rules,
}
