import orjson
import pytest

from benchmarks.bars.stream import OWNER, Stream
from detectors import Scanner, load_rules
from monitor.collectors.handin.documents import Sender, read_many


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    return Stream(leak_every=50, cache_dir=tmp_path_factory.mktemp("rules"))


def read(stream, numbers):
    body = b"\n".join(map(stream.line, numbers))
    return read_many(body, Sender("ingest", "bar", 1.0, frozenset({"github.com"})))


def test_the_ingest_source_takes_every_line_and_sizes_are_told(stream):
    documents = read(stream, range(200))
    assert [document.id for document in documents] == [f"bar:{number}" for number in range(200)]
    assert [len(document.content) for document in documents] == [stream.size(n) for n in range(200)]
    assert {document.provenance.forge for document in documents} == {"github.com"}


def test_leaks_are_where_they_are_told_and_nowhere_else(stream, tmp_path):
    scanner = Scanner(load_rules(), cache_dir=tmp_path)
    documents = read(stream, range(200))
    found = {n: scanner.scan(d.content) for n, d in enumerate(documents) if scanner.scan(d.content)}
    assert list(found) == stream.leaks(200) == [n for n in range(200) if stream.is_leak(n)]
    assert [len(findings) for findings in found.values()] == [1] * 4
    assert len({findings[0].secret for findings in found.values()}) == 4
    places = [documents[number].provenance for number in found]
    assert {place.owner for place in places} == {OWNER}
    assert len({place.repository for place in places}) == 4  # each an incident of its own
    assert [place.path for place in places] == [Stream.path(number) for number in found]


def test_the_same_number_gives_the_same_line(stream):
    assert stream.line(25) == stream.line(25)
    assert orjson.loads(stream.line(3))["id"] == "3"


def test_sizes_spread_around_the_mean(stream):
    sizes = sorted(stream.size(number) for number in range(8192))
    assert 0.8 * 2048 < sum(sizes) / len(sizes) < 1.2 * 2048
    assert sizes[4096] < 1500
    assert sizes[-1] > 20_000
