"""Promise 2: plain text stands only where docs/explanation/threat-model.md says, for as long as it says.

Secrets are planted in content and in metadata on every way in; then every file, page, payload, metric, log line and command output is
searched for any eight characters of them in any spelling. Evidence is on meanwhile: what is sealed opens with the responder's key, and with
nothing that the service has.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import random
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import structlog
from sqlalchemy import select
from typer.testing import CliRunner

from agekeys import Responder, responder
from detectors import load_rules
from detectors.synthetic import Value, secret_for, value_for
from gitrepos import Repo
from made_up import made_up
from monitor import cli, log
from monitor.simulator.clock import AdjustableClock
from monitor.simulator.server import Simulator, SimulatorConfig
from monitor.simulator.world import Change
from monitor.store.engine import Store
from monitor.store.tables import sealed
from plaintext import Search, windows
from whole_service import Running, configure, running

TOKEN = "github-pat-classic"
KINDS = (TOKEN, "slack-bot-token", "datadog-api-key", "private-key-ec", "stripe-live-secret-key")
SET = (
    "twitter-consumer-key",
    "twitter-consumer-secret",
    "twitter-access-token",
    "twitter-access-token-secret",
)
INGEST_TOKEN = "a-token-of-the-ingest-tests"
_SOME = 8  # exposures between two of which there is a report: each takes a moment
CONFIG = """
[log]
level = "debug"
[watch]
sources = ["directory", "ingest", "git", "github_events", "github_gists", "pastebin"]
[evidence]
recipients = ["{responder}"]
per_second = 1000
[sources.directory]
paths = ["{folder}/files"]
poll_seconds = 0.5
[[sources.ingest.tokens]]
name = "partner"
token = "{token}"
[sources.git]
repositories = ["{folder}/repo"]
[sources.github_events]
base_url = "{github}"
token = "none"
poll_seconds = 1
diff_requests_per_minute = 900
[sources.github_gists]
base_url = "{github}"
token = "none"
poll_seconds = 1
[sources.pastebin]
base_url = "{pastebin}"
poll_seconds = 1
item_seconds = 0.01
[notifiers.webhook]
url = "{pager}"
secret = "{key}"
[notifiers.slack]
url = "{slack}"
"""


class Planter:
    """Makes secrets and remembers them; what two secrets of one rule share is no secret."""

    def __init__(self) -> None:
        self._rules = load_rules()
        self._rng = random.Random("no plaintext")
        self.planted: dict[str, set[bytes]] = {}

    def secret(self, where: str, rule_id: str = TOKEN) -> str:
        rule = self._rules[rule_id]
        value = secret_for(rule, self._rng)
        others = [secret_for(rule, random.Random(f"other {n}")) for n in range(2)]
        self.planted[f"{where} ({rule_id})"] = windows(value, others)
        return value.decode()

    def url(self) -> Value:
        """A database's URL with a password that is long enough to have windows."""
        while len((made := value_for(self._rules["postgres-uri"], self._rng)).secret) < 12:
            pass
        return made

    def line(self, where: str) -> bytes:
        """A secret as it stands in a file, told by its prefix."""
        return f'\ntoken = "{self.secret(where)}"  # for https://api.corp.example\n'.encode()

    def text(self, where: str) -> bytes:
        """One secret of each kind, side by side and again, and some of them base64-encoded."""
        by_kind = {kind: self.secret(where, kind) for kind in KINDS}
        parts = {kind: self.secret(where, kind) for kind in SET}
        url = self.url()
        self.planted[f"{where} (password in a URL)"] = windows(url.secret)
        hidden = f"export GITHUB_TOKEN={self.secret(f'{where}, encoded')}\n".encode()
        lines = [
            f"a = '{by_kind[TOKEN]}'; b = '{by_kind['slack-bot-token']}'; c = '{by_kind['stripe-live-secret-key']}'",
            f"DATADOG_API_KEY={by_kind['datadog-api-key']}",
            by_kind["private-key-ec"],
            json.dumps({"key": by_kind["private-key-ec"]}),
            *(
                f'{kind.replace("twitter-", "").replace("-", "_")} = "{value}"'
                for kind, value in parts.items()
            ),
            url.text.decode(),
            f"the password is {url.secret.decode()} as ever",
            base64.b64encode(hidden).decode(),
        ]
        return "\n".join(lines).encode() + self.line(where)


@pytest.fixture
def planter() -> Planter:
    return Planter()


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    log.configure(level="debug", stream=out)
    yield out
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def plant_files(planter: Planter, folder: Path) -> None:
    (folder / "content.env").write_bytes(planter.text("a file"))
    below = folder / f"keys of {planter.secret('a folder name')}"
    below.mkdir()
    (below / f"{planter.secret('a file name')}.txt").write_bytes(planter.line("a file below"))


def plant_commits(planter: Planter, folder: Path) -> None:
    repo = Repo(folder)
    repo.write(f"conf/{planter.secret('a path in git')}/x.py", planter.line("a blob"))
    repo.git("config", "user.name", "x")
    repo.git("add", "--all")
    author = f"Ann {planter.secret('an author')} <ann.{planter.secret('an author address')}@corp.example>"
    repo.git("commit", "--quiet", "--author", author, "--message", planter.line("a commit message").decode())
    repo.git("branch", f"use-{planter.secret('a branch in git')}")
    again = repo.path / "again"
    again.mkdir()
    (again / planter.secret("the path of a known blob")).write_bytes(planter.line("a blob again"))
    repo.commit("again", known__txt=(next(again.iterdir())).read_bytes())


def plant_forge(planter: Planter, simulator: Simulator) -> None:
    world, now = simulator.world, simulator.clock()
    repository = world.repository("corp/app", now)
    world.push(repository, [Change({"README.md": b"hello\n"}, "first")], now)
    path = f"conf/{planter.secret('a path on a forge')}/settings.py"
    message = f"add {planter.secret('a message on a forge')}"
    change = Change({path: planter.text("a push")}, message, world.person(planter.secret("a login")))
    world.push(repository, [change], now, branch=f"b-{planter.secret('a branch on a forge')}")
    body = {"action": "created", "comment": {"body": planter.line("a comment").decode()}}
    world.event("IssueCommentEvent", repository, body, now, world.people[0])
    description = f"my {planter.secret('the description of a gist')}"
    files = {f"{planter.secret('the name of a gist')}.py": planter.text("a gist")}
    world.gist(files, now, owner=world.people[0], description=description)
    title, user = f"dump {planter.secret('the title of a paste')}", planter.secret("the user of a paste")
    world.paste(planter.text("a paste"), now, title=title, user=user)


async def plant_ingest(planter: Planter, address: str) -> None:
    fields = ("repository", "owner", "commit", "ref", "path", "title", "author", "forge")
    document = {name: f"x/{planter.secret(f'ingest: {name}')}" for name in fields}
    for number, encode in enumerate([str, quote, lambda text: "".join(f"%{ord(c):02x}" for c in text)]):
        secret = planter.secret(f"ingest: url {number}")
        twice = quote(encode(secret), safe="") if number == 2 else encode(secret)
        text = planter.text(f"ingest {number}").decode()
        password = f"?key={secret}&again={twice}"
        place = {
            **document,
            "id": f"{number} {secret}",
            "url": f"https://u:{secret}@h.example/{twice}{password}",
        }
        place["author_email"] = f"{planter.secret(f'ingest: address {number}')}@corp.example"
        await _post(address, {**place, "content": text})
    # what stands in the text once as a secret is one in the title, too
    url = planter.url()
    planter.planted["ingest: a password again"] = windows(url.secret)
    await _post(address, {"content": url.text.decode(), "title": f"why is {url.secret.decode()} refused"})


async def _post(address: str, document: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {INGEST_TOKEN}", "Content-Type": "application/x-ndjson"}
    url = f"{address}/ingest/v1/documents"
    async with aiohttp.request("POST", url, data=json.dumps(document).encode(), headers=headers) as answer:
        assert answer.status == 202, await answer.text()


async def pages(run: Running) -> list[tuple[str, bytes]]:
    """Everything that the listeners say."""
    paths = ["/", "/exposures", "/exposures?state=all&limit=200", "/api/v1/exposures?state=all&limit=200"]
    listed: list[Any] = (await run.get(paths[-1])).json["exposures"]
    for exposure in listed:
        paths += [f"/exposures/{exposure['id']}", f"/api/v1/exposures/{exposure['id']}"]
    answers = {path: await run.get(path) for path in paths}
    answers |= {path: await run.health(path) for path in ("/metrics", "/readyz")}
    assert {answer.status for answer in answers.values()} == {200, 303}
    return [(path, answer.body) for path, answer in answers.items()]


def files(state: Path, *, everything: bool = False) -> list[tuple[str, bytes]]:
    """Every file of the state folder; without those that may hold plain text unless `everything`."""
    found = []
    for path in sorted(state.rglob("*")):
        name = path.relative_to(state).as_posix()
        raw = name.startswith(
            ("bus/leakstream.documents.v1.db", "bus/leakstream.documents.v1.dlq.db", "git/")
        )
        if path.is_file() and (everything or not raw):
            found.append((name, path.read_bytes()))
    return found


def commands(config: Path) -> list[tuple[str, bytes]]:
    """What the command line shows, reports and exports."""
    runner = CliRunner()

    def say(*arguments: str) -> str:
        done = runner.invoke(cli.build(arguments[0]), [*arguments, "--config", str(config)])
        assert done.exit_code == 0, done.exception
        return done.output

    listed = say("exposures", "list", "--state", "all", "--limit", "500", "--json")
    texts = [listed, say("exposures", "list", "--state", "all")]
    names = [json.loads(line)["id"] for line in listed.splitlines()]
    for name in names:
        texts += [say("exposures", "show", name, *more) for more in ([], ["--json"])]
    for name in names[::_SOME]:
        texts.append(say("exposures", "show", name, "--why"))
        texts += [say("exposures", "report", name, "--language", each) for each in ("technical", "plain")]
    texts += [say("privacy", "export", "--subject", each) for each in ("github.com/corp", "ann@corp.example")]
    texts += [say("privacy", "log"), say("coverage", "show", "--format", "json")]
    return [("a command", text.encode()) for text in texts]


async def age_files(state: Path) -> list[bytes]:
    """All that the store keeps sealed."""
    store = await Store.open(state / "store.db")
    try:
        async with store.read() as connection:
            return list((await connection.execute(select(sealed.c.body))).scalars())
    finally:
        await store.close()


def own_files(folder: Path) -> list[Responder]:
    """Everything of the service's own that could be taken for a key: its keys, its configuration, its store."""
    paths = [*folder.glob("*.key"), folder / "leakstream.toml", folder / "state" / "store.db"]
    assert len(paths) == 4
    return [Responder("", path) for path in paths]


def fetched(config: Path, bodies: Collection[bytes], folder: Path) -> list[tuple[str, bytes]]:
    """What `leakstream evidence` gives out of one exposure, and says of it."""
    runner, app = CliRunner(), cli.build("evidence")
    listed = runner.invoke(cli.build("exposures"), ["exposures", "list", "--json", "--config", str(config)])
    name, out = json.loads(listed.output.splitlines()[0])["id"], folder / "fetched.age"
    calls = (["list", name, "--json"], ["get", name, "--out", str(out)])
    texts = [runner.invoke(app, ["evidence", *call, "--config", str(config)]) for call in calls]
    assert not any(done.exit_code for done in texts), texts
    assert out.read_bytes() in bodies
    return [("evidence", done.output_bytes) for done in texts] + [("an age file", out.read_bytes())]


def test_any_eight_characters_are_found_however_they_are_written() -> None:
    secret = b'k3Zq8/vP+x0Lw"9\\Rt'
    search = Search({"it": windows(secret)})
    part = secret[5:13]
    texts = [part, part.hex().encode(), part.hex().upper().encode(), quote(part).encode()]
    texts += [base64.b64encode(b"x" * n + part + b"yz") for n in range(3)]
    texts += [base64.urlsafe_b64encode(secret), json.dumps(secret.decode()).encode()]
    for text in texts:
        assert search(b'{"event": "refused", "line": "' + text + b'"}') == {"it"}
    assert search(secret[5:12]) == set()
    assert windows(b"a public prefix", [b"this is a public prefix too"]) == set()


@pytest.mark.timeout(400)
async def test_plain_text_stands_only_where_it_may(
    planter: Planter, tmp_path: Path, logged: io.StringIO
) -> None:
    simulator = Simulator(SimulatorConfig(seed=1, poll_interval=1, late_ratio=0.0), maker=made_up)
    await simulator.start()
    (tmp_path / "files").mkdir()
    plant_files(planter, tmp_path / "files")
    plant_commits(planter, tmp_path / "repo")
    simulator.publish(5)
    keys = tmp_path / "keys of others"
    keys.mkdir()
    ann, eve = responder(keys, "ann"), responder(keys, "eve")
    text = CONFIG.format(
        folder=tmp_path,
        responder=ann.public,
        token=INGEST_TOKEN,
        github=simulator.github_url,
        pastebin=simulator.pastebin_url,
        pager=simulator.hook_url("pager"),
        slack=simulator.hook_url("slack"),
        key="whsec_" + base64.b64encode(b"k" * 32).decode(),
    )
    config, clock = configure(tmp_path, text), AdjustableClock()
    state = tmp_path / "state"
    try:
        async with running(config, clock=clock) as run:
            plant_forge(planter, simulator)
            await plant_ingest(planter, run.addresses.web)
            await run.exposures(70)
            await run.until(lambda: len(simulator.receiver.keys("pager")) >= 60)
            await run.until(lambda: bool(simulator.receiver.keys("slack")))  # bursts are told as one there
            shown = await pages(run)
            shown += [(f"running: {name}", text) for name, text in files(state)]
            assert not run.metric("outbox_failed", notifier="slack")
        sent = [(f"sent to {each.name}", each.body) for each in simulator.receiver.accepted]
        headers = [
            ("headers", json.dumps(dict(each.headers)).encode()) for each in simulator.receiver.accepted
        ]
        search = Search(planter.planted)
        everything = [*shown, *sent, *headers, *files(state), ("log", logged.getvalue().encode())]
        everything += await asyncio.to_thread(commands, config)
        assert sorted(set(search.places(everything))) == []
        bodies = await age_files(state)
        everything = await asyncio.to_thread(fetched, config, bodies, tmp_path)
        assert (
            list(search.places([*everything, *((f"file {n}", body) for n, body in enumerate(bodies))])) == []
        )
        plain = [await asyncio.to_thread(ann.opens, body) for body in bodies]
        assert len(plain) >= 70
        assert [n for n, text in enumerate(plain) if text is None or not search(text)] == []
        # nobody else's key opens it, nor does anything that the service has
        others = [eve, *own_files(tmp_path)]
        assert all(other.opens(body) is None for other in others for body in bodies[:3])
        # the documents themselves are kept: so the search finds what is there
        kept = {name for _, name in search.places(files(state, everything=True))}
        assert set(planter.planted) - kept == {f"a branch in git ({TOKEN})"}  # which no document names

        simulator.faults.add("status", status=503)  # nothing is fetched again
        (tmp_path / "files").rename(tmp_path / "gone")
        clock.advance(25 * 3600)
        async with running(config, clock=clock) as run:
            documents = state / "bus" / "leakstream.documents.v1.db"
            await run.until(lambda: not search(documents.read_bytes()))
        assert list(search.places(files(state, everything=True))) == []
    finally:
        await simulator.stop()
