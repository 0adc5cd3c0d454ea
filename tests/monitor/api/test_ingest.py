from pathlib import Path

from collecting import MemoryProducer
from ingesting import TOKEN, ingesting
from monitor.api import ingest
from monitor.collectors.sources.ingest import PLUGIN, Settings
from monitor.contracts import Provenance
from monitor.http import HttpClient
from monitor.metrics import Metrics
from monitor.tools import Tools
from monitor.web import Web
from monitor.websettings import WebSettings


async def test_what_is_described_is_what_the_source_serves(tmp_path):
    listener, http = Web(WebSettings(port=0), Metrics()), HttpClient(user_agent="tests")
    try:
        PLUGIN.build(Settings(), Tools(http=http, metrics=Metrics(), state=Path(tmp_path), web=listener))
    finally:
        await http.close()
    served = {(route.method, route.path) for route, _, _ in listener._routes}
    assert {(each.method, each.path) for each in ingest.operations()} == served


def test_what_is_asked_of_a_document_is_what_it_may_say():
    known = set(Provenance.__dataclass_fields__) | {"id", "published_at"}
    assert set(ingest.DocumentQuery.model_fields) <= known


async def test_the_answer_is_as_described():
    async with ingesting(MemoryProducer(), tokens=[{"name": "ci", "token": TOKEN}]) as net:
        page = await net.post("/v1/documents?id=1", b"x", Authorization=f"Bearer {TOKEN}")
    found = ingest.Accepted.model_validate(page.json)
    assert (page.status, found.accepted, found.model_extra) == (202, 1, {})
