import asyncio
import base64
import gzip
import hashlib
import hmac

import orjson
import pytest

from collecting import BusyState
from ingesting import NOW, SECRET, TOKEN, StuckProducer, ingesting
from monitor.aio import spawn
from monitor.collectors.sources.ingest import PLUGIN, Settings
from monitor.config import ConfigError
from monitor.metrics import Metrics
from monitor.tools import Tools

BEARER = f"Bearer {TOKEN}"
TOKENS = [{"name": "ci", "token": TOKEN}]
HEAD = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7"
PUSH = orjson.dumps(
    {
        "object_kind": "push",
        "ref": "refs/heads/main",
        "after": HEAD,
        "repository": {"full_name": "acme/code", "clone_url": "https://github.com/acme/code.git"},
        "project": {
            "path_with_namespace": "acme/code",
            "git_http_url": "https://git.acme.test/acme/code.git",
        },
        "commits": [{"id": HEAD, "message": "add KEY=1"}],
    }
)


def signed(body=PUSH, secret=SECRET, event="push", delivery="d-1"):
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "X_Hub_Signature_256": f"sha256={digest}",
        "X_GitHub_Event": event,
        "X_GitHub_Delivery": delivery,
        "Content_Type": "application/json",
    }


async def test_202_means_the_bus_has_it():
    async with ingesting(tokens=TOKENS) as net:
        answer = await net.post(
            "/v1/documents?path=a.env&id=7", b"KEY=1", Authorization=BEARER, Content_Type="text/plain"
        )
        assert (answer.status, answer.json) == (202, {"accepted": 1, "status": "success"})
        (document,) = net.producer.documents
        assert (document.id, document.content, document.provenance.path) == ("ci:7", b"KEY=1", "a.env")
        assert document.fetched_at == NOW
        many = b'{"content": "a"}\n{"content": "b"}\n'
        answer = await net.post(
            "/v1/documents", many, Authorization=BEARER, Content_Type="application/x-ndjson"
        )
        assert answer.json["accepted"] == 2
        assert len(net.producer.documents) == 3


async def test_credentials():
    async with ingesting(tokens=TOKENS) as net:
        for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            answer = await net.post("/v1/documents", b"x", **header)
            assert answer.status == 401
            assert "detail" in answer.json
        assert (await net.post("/github", PUSH, **signed())).status == 401
        assert (await net.post("/gitlab", PUSH)).status == 401
        assert net.producer.messages == []


async def test_size_and_form():
    async with ingesting(tokens=[{**TOKENS[0], "max_bytes": 100}]) as net:

        async def status(data, path="/v1/documents", **headers):
            return (await net.post(path, data, Authorization=BEARER, **headers)).status

        async def chunks():
            for _ in range(4):
                yield b"x" * 50

        assert await status(b"x" * 100) == 202
        assert await status(b"x" * 101) == 413
        assert await status(chunks()) == 413  # no Content-Length
        assert await status(b"") == 422
        assert await status(b"{", Content_Type="application/x-ndjson") == 422
        assert await status(b"x", path="/v1/documents?colour=red") == 422
        assert await status(b"x", Content_Encoding="gzip") == 415
        assert len(net.producer.documents) == 1


async def test_the_rate_of_one_token_is_not_anothers():
    other = {"name": "other", "token": "another-token-of-the-tests"}
    async with ingesting(tokens=[{**TOKENS[0], "rate_per_minute": 2}, other]) as net:
        answers = [await net.post("/v1/documents", b"x", Authorization=BEARER) for _ in range(3)]
        assert [a.status for a in answers] == [202, 202, 429]
        assert answers[2].headers["Retry-After"] == "30"
        assert (await net.post("/v1/documents", b"x", Authorization=f"Bearer {other['token']}")).status == 202
        net.now[0] += 30
        assert (await net.post("/v1/documents", b"x", Authorization=BEARER)).status == 202


async def test_a_bus_that_takes_nothing_is_503_and_nothing_is_lost():
    producer = StuckProducer()
    async with ingesting(producer, tokens=TOKENS, patience_seconds=0.05) as net:
        answer = await net.post("/v1/documents", b"x", Authorization=BEARER)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        for _ in range(7):  # what waits holds its place: at most eight bodies are kept
            assert (await net.post("/v1/documents", b"x", Authorization=BEARER)).status == 503
        assert net.producer.documents == []
        producer.free.set()
        await asyncio.sleep(0.05)
        assert len(net.producer.documents) == 8
        assert (await net.post("/v1/documents", b"y", Authorization=BEARER)).status == 202


async def test_too_many_at_once_are_sent_away():
    producer = StuckProducer()
    async with ingesting(producer, tokens=TOKENS, patience_seconds=60) as net:
        waiting = [
            spawn(net.post("/v1/documents", b"x", Authorization=BEARER), name=f"sender {n}") for n in range(8)
        ]
        while (await net.post("/v1/documents", b"x")).status == 401:  # noqa: ASYNC110 - until all eight places are taken
            await asyncio.sleep(0.01)
        assert (await net.post("/v1/documents", b"x")).status == 503
        producer.free.set()
        assert [(await answer).status for answer in waiting] == [202] * 8


async def test_before_and_after_it_runs_it_is_503():
    async with ingesting(running=False, tokens=TOKENS) as net:
        assert (await net.post("/v1/documents", b"x", Authorization=BEARER)).status == 503
    async with ingesting(tokens=TOKENS) as net:
        net.stop.set()
        await asyncio.sleep(0.01)
        assert (await net.post("/v1/documents", b"x", Authorization=BEARER)).status == 503


async def test_githubs_push_is_taken_once():
    async with ingesting(github=[{"name": "gh", "secret": SECRET}]) as net:
        for _ in range(2):
            assert (await net.post("/github", PUSH, **signed())).status == 202
        assert [d.content for d in net.producer.documents] == [b"add KEY=1"]
        assert [r.target for r in net.requests] == ["https://github.com/acme/code.git"]
        assert (await net.post("/github", PUSH, **signed(delivery="d-2"))).status == 202
        assert len(net.requests) == 2


async def test_githubs_other_events_and_mistakes():
    async with ingesting(github=[{"name": "gh", "secret": SECRET}]) as net:
        assert (await net.post("/github", b"{}", **signed(b"{}", event="ping"))).status == 202
        assert net.dropped("webhook_event") == 0
        assert (await net.post("/github", b"{}", **signed(b"{}", event="star"))).status == 202
        assert net.dropped("webhook_event") == 1
        assert (await net.post("/github", PUSH, **signed(secret="not the secret of this hook"))).status == 401
        assert (await net.post("/github", PUSH + b" ", **signed())).status == 401
        assert (await net.post("/github", b"[]", **signed(b"[]"))).status == 422
        assert (await net.post("/github", b"{", **signed(b"{"))).status == 422
        form = signed() | {"Content_Type": "application/x-www-form-urlencoded"}
        assert (await net.post("/github", PUSH, **form)).status == 415
        odd = PUSH.replace(b"https://github.com", b"file://github.com")
        assert (await net.post("/github", odd, **signed(odd))).status == 202
        assert net.dropped("clone_url_refused") == 1
        assert net.requests == []


async def test_gitlab_by_token_or_signature():
    key = b"k" * 24
    hooks = [
        {"name": "a", "token": SECRET},
        {"name": "b", "signing_secret": "whsec_" + base64.b64encode(key).decode()},
    ]
    async with ingesting(gitlab=hooks) as net:
        json = {"Content_Type": "application/json"}
        assert (await net.post("/gitlab", PUSH, X_Gitlab_Token=SECRET, webhook_id="1", **json)).status == 202
        assert (await net.post("/gitlab", PUSH, X_Gitlab_Token="wrong", **json)).status == 401
        stamp = str(int(NOW) - 299)
        signature = base64.b64encode(hmac.new(key, f"2.{stamp}.".encode() + PUSH, hashlib.sha256).digest())
        headers = {
            "webhook_id": "2",
            "webhook_timestamp": stamp,
            "webhook_signature": f"v1,{signature.decode()}",
        }
        assert (await net.post("/gitlab", PUSH, **headers, **json)).status == 202
        net.now[0] += 2
        assert (await net.post("/gitlab", PUSH, **headers, **json)).status == 401
        assert len(net.requests) == 2
        note = orjson.dumps({"object_kind": "pipeline"})
        assert (await net.post("/gitlab", note, X_Gitlab_Token=SECRET, **json)).status == 202
        assert net.dropped("webhook_event") == 1


async def test_other_events_of_github_bring_their_texts():
    async with ingesting(github=[{"name": "gh", "secret": SECRET}]) as net:
        body = orjson.dumps(
            {"repository": {"full_name": "acme/code"}, "comment": {"body": "KEY=1"}, "issue": {"title": "t"}}
        )
        for _ in range(2):
            answer = await net.post("/github", body, **signed(body, event="issue_comment"))
        assert (answer.status, [d.content for d in net.producer.documents]) == (202, [b"KEY=1", b"t"])
        opened = orjson.dumps(
            {"repository": {"full_name": "acme/code", "clone_url": "https://github.com/acme/code.git"}}
        )
        assert (
            await net.post("/github", opened, **signed(opened, event="public", delivery="d-3"))
        ).status == 202
        assert [r.reason for r in net.requests] == ["made_public"]


@pytest.mark.parametrize("brand", ["Gitea", "Forgejo"])
async def test_gitea_and_forgejo_sign_with_bare_hex(brand):
    async with ingesting(gitea=[{"name": "git.acme.test", "secret": SECRET}]) as net:
        digest = hmac.new(SECRET.encode(), PUSH, hashlib.sha256).hexdigest()
        headers = {
            f"X_{brand}_Event": "push",
            f"X_{brand}_Delivery": "d-1",
            f"X_{brand}_Signature": digest,
            "Content_Type": "application/json",
        }
        for _ in range(2):
            assert (await net.post("/gitea", PUSH, **headers)).status == 202
        (document,) = net.producer.documents
        assert document.provenance.forge == "git.acme.test"
        assert len(net.requests) == 1
        for wrong in (f"sha256={digest}", digest.upper(), ""):
            answer = await net.post("/gitea", PUSH, **(headers | {f"X_{brand}_Signature": wrong}))
            assert answer.status == 401
        other = headers | {f"X_{brand}_Event": "issues", f"X_{brand}_Delivery": "d-2"}
        body = orjson.dumps({"repository": {"full_name": "a/b"}, "issue": {"title": "t"}})
        other[f"X_{brand}_Signature"] = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert (await net.post("/gitea", body, **other)).status == 202
        assert net.producer.documents[-1].content == b"t"


async def test_an_item_of_an_ail_feeder():
    content = b"KEY=1"
    item = {
        "source": "feeder",
        "source_uuid": "u-1",
        "data": base64.b64encode(gzip.compress(content)).decode(),
        "data-sha256": hashlib.sha256(content).hexdigest(),
        "meta": {"id": "7"},
    }
    async with ingesting(tokens=[{**TOKENS[0], "max_bytes": 2000}]) as net:
        for path, key in (("/ail", BEARER), ("/ail/api/v1/import/json/item", TOKEN)):  # AIL's own way
            answer = await net.post(path, orjson.dumps(item), Authorization=key)
            assert (answer.status, answer.json["status"]) == (202, "success")
        assert {d.id for d in net.producer.documents} == {"ci:7"}
        assert (await net.post("/ail", orjson.dumps(item), Authorization="wrong")).status == 401
        assert (await net.post("/ail", b"x" * 3000, Authorization=BEARER)).status == 413
        wrong = orjson.dumps(item | {"data-sha256": "0" * 64})
        answer = await net.post("/ail", wrong, Authorization=BEARER)
        assert (answer.status, "sha256" in answer.json["detail"]) == (422, True)
        bomb = orjson.dumps(item | {"data": base64.b64encode(gzip.compress(b"x" * 500_000)).decode()})
        assert (await net.post("/ail", bomb, Authorization=BEARER)).status == 413
        assert net.dropped("bad_ail_item") == 2


def test_what_cannot_work_stops_the_start(tmp_path):
    missing = Settings.model_validate({"tokens": [{"name": "ci", "token_file": str(tmp_path / "none")}]})
    tools = Tools(http=None, metrics=Metrics(), state=tmp_path)
    with pytest.raises(ConfigError, match="web listener"):
        PLUGIN.build(Settings(), tools)
    with pytest.raises(ConfigError, match="none"):
        PLUGIN.build(missing, Tools(http=None, metrics=Metrics(), state=tmp_path, web=object()))


async def test_a_busy_state_sends_a_webhook_away_and_takes_it_later():
    state = BusyState(float("inf"))
    async with ingesting(github=[{"name": "gh", "secret": SECRET}], patience_seconds=0.1, state=state) as net:
        answer = await net.post("/github", PUSH, **signed())
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert net.producer.messages == []
        state.times = 0
        assert (await net.post("/github", PUSH, **signed())).status == 202
        assert len(net.producer.documents) == 1


async def test_an_owner_is_taken_on_the_senders_word_only_for_forges_of_its_settings():
    for forges, forge in ((["GitHub.com"], "github.com"), ([], "ingest/github.com")):
        async with ingesting(tokens=[{**TOKENS[0], "forges": forges}]) as net:
            path = "/v1/documents?forge=github.com&owner=acme"
            assert (await net.post(path, b"KEY=1", Authorization=BEARER)).status == 202
            assert net.producer.documents[0].provenance.forge == forge
