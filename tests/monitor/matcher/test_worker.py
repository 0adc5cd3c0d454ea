"""The scanning process: jobs in, redacted answers out, and nothing else."""

from __future__ import annotations

import base64
import io
import random
from pathlib import Path
from urllib.parse import quote

import orjson
import pytest

from acme_rules import ruleset, scanner_with
from detectors.synthetic import records_for, secret_for
from detectors.synthetic_encodings import ENCODERS
from monitor.bus.base import Record
from monitor.contracts import Document, FindingEvent, Provenance, Sighting
from monitor.identity import KeyRing
from monitor.matcher import frames
from monitor.matcher.worker import serve
from owning import own_file, secret


def frame(text: bytes) -> bytes:
    return len(text).to_bytes(4, "little") + text


def served(*inputs: bytes, setup: dict[str, object] | None = None) -> list[bytes]:
    """The frames that it answers; its memory stays unlimited in this process."""
    options = {"keys": ["6b" * 32], "memory_bytes": 2**46, **(setup or {})}
    source = io.BytesIO(frame(orjson.dumps(options)) + b"".join(inputs))
    sink = io.BytesIO()
    serve(source, sink, lambda _, own: scanner_with(beside=own))
    answers, left = [], sink.getvalue()
    while left:
        size = frames.length(left[:4])
        answers.append(left[4 : 4 + size])
        left = left[4 + size :]
    return answers


def job(*contents: bytes) -> bytes:
    items = []
    for number, content in enumerate(contents):
        message = Document(
            source="t", id=str(number), content=content, fetched_at=1.0, trace_id=f"trace{number}"
        ).message()
        items.append(frames.JobItem(message.headers["m"], content))
    return b"".join(frames.job(items))


def test_each_document_of_a_job_is_answered_by_its_number_and_drops_are_counted() -> None:
    token = secret_for(ruleset()["acme-token"], random.Random(1))
    ready, answered = served(job(b"nothing", b"k = " + token, b"acme_" + b"x" * 30))
    assert ready == b""
    reply = frames.read_answer(answered)
    assert [index for index, _, _ in reply.events] == [1]
    assert reply.stats["rules"] == {"acme-token": 1}
    (found,) = reply.stats["found"]
    assert (found["trace_id"], found["source"], found["mode"]) == ("trace1", "t", "live")
    assert found["rules"] == {"acme-token": 1}
    assert found["seconds"] > 0
    assert sum(reply.stats["dropped"].values()) >= 1
    assert reply.stats["bytes"] == 7 + 4 + len(token) + 35
    assert token[5:13] not in answered


def test_a_known_document_is_a_sighting_with_redacted_names() -> None:
    token = secret_for(ruleset()["acme-token"], random.Random(3))
    where = Provenance(
        forge="github.com", repository="a/b", path=f"k/{token.decode()}/.env", author_email="a@b.example"
    )
    message = Document("t", "1", b"", 5.0, blob_sha="ab" * 20, provenance=where, known=True).message()
    _, answered = served(b"".join(frames.job([frames.JobItem(message.headers["m"], b"")])))
    reply = frames.read_answer(answered)
    assert not reply.events
    ((number, key, body),) = reply.sightings
    told = Sighting.read(Record("", 0, 0, key, body, {"v": b"1.0"}, 0.0))
    assert (number, key, told.blob_sha, told.seen_at) == (0, told.key, "ab" * 20, 5.0)
    assert (told.place.repository, told.place.author_email_domain) == ("a/b", "b.example")
    assert told.place.path.startswith("k/")
    assert token[5:13] not in answered


def test_every_form_is_read_and_nothing_of_the_token_comes_back() -> None:
    token = secret_for(ruleset()["acme-token"], random.Random(2))
    documents = [encode(b'api_token = "' + token + b'"\n') for encode in ENCODERS.values()]

    _, answered = served(job(*documents))

    told = {index for index, _, _ in frames.read_answer(answered).events}
    assert [name for number, name in enumerate(ENCODERS) if number not in told] == []
    for at in range(len(token) - 8):
        window = token[at : at + 8]
        forms = [
            b"".join(form % byte for byte in window) for form in (b"%%%02X", b"\\\\u%04x", b"&#%d;", b"%02x")
        ]
        assert not any(form in answered for form in (window, *forms))


def test_it_ends_with_its_input_wherever_that_is_cut() -> None:
    whole = job(b"abc")
    for size in range(len(whole)):
        assert served(whole[:size]) == [b""]


@pytest.mark.parametrize(
    "broken",
    [
        b"\xff\xff\xff\xff",
        frame(b"\xff\xff\xff\xff") + frame(b"x"),
        frame(b"\x01\x00\x00\x00\x01") + frame(b"x"),
        job(b"abc")[:-9] + frame(b"ab"),
    ],
)
def test_a_parent_that_talks_nonsense_ends_it(broken: bytes) -> None:
    with pytest.raises(frames.FrameError):
        served(broken)


def test_a_document_that_breaks_the_contract_is_refused_by_its_number_and_the_others_are_scanned() -> None:
    token = secret_for(ruleset()["acme-token"], random.Random(1))
    good = Document(source="t", id="1", content=b"k = " + token, fetched_at=1.0).message().headers["m"]
    metas = [b"{", good, b"{}", good]
    _, answered = served(b"".join(frames.job([frames.JobItem(meta, b"k = " + token) for meta in metas])))
    reply = frames.read_answer(answered)
    assert [index for index, _, _ in reply.events] == [1, 3]
    assert reply.refused == [(0, "not_json"), (2, "malformed")]
    assert reply.stats["bytes"] == 2 * (4 + len(token))


def test_a_diff_is_read_without_its_first_column_and_shows_nothing_of_a_secret_over_several_lines() -> None:
    lines = records_for(ruleset()["acme-dump"], 6, random.Random(1)).split(b"\n")
    token = secret_for(ruleset()["acme-token"], random.Random(1))
    diff = b"@@ -0,0 +7,8 @@\n+# users\n" + b"".join(b"+" + line + b"\n" for line in lines)
    diff += b"+k = " + token + b"\n"
    documents = [
        Document(source="t", id="1", content=b"\n".join(lines), fetched_at=1.0),
        Document(source="t", id="2", content=diff, media_type="text/x-diff", fetched_at=1.0),
        Document(source="t", id="3", content=diff, fetched_at=1.0),
    ]
    items = [frames.JobItem(document.message().headers["m"], document.content) for document in documents]

    _, answered = served(b"".join(frames.job(items)))

    events = [
        (index, FindingEvent.read(Record(FindingEvent.TOPIC, 0, 0, key, body, {"v": b"1.0"}, 0.0)))
        for index, key, body in frames.read_answer(answered).events
    ]
    plain, dump, inside, untold, other = events
    assert [(index, event.rule) for index, event in events] == [
        (0, "acme-dump"),
        (1, "acme-dump"),
        (1, "acme-token"),
        (2, "acme-dump"),
        (2, "acme-token"),
    ]
    assert untold[1].leak == dump[1].leak == plain[1].leak
    assert inside[1].leak == other[1].leak
    assert (dump[1].place.line, inside[1].place.line) == (8, 14)
    assert (untold[1].place.line, other[1].place.line) == (
        3,
        9,
    )  # told by its head alone, lines are the text's own
    assert all(line.split(b":")[1] not in answered for line in lines)
    assert token[5:13] not in answered


def test_own_secrets_are_told_by_name_out_of_the_files_that_the_setup_names(tmp_path: Path) -> None:
    value = secret(random.Random(1), 40)
    keys = KeyRing.of(b"k" * 32)
    setup = {"own": [str(own_file(tmp_path, [value], keys=keys))], "cache_dir": str(tmp_path / "cache")}
    forms = [b"x " + value, base64.b64encode(b"x" + value), b"?a=" + quote(value, safe="").encode()]
    _, answered = served(job(b"nothing", *forms), setup={**setup, "keys": ["6b" * 32]})
    events = [orjson.loads(body) for _, _, body in frames.read_answer(answered).events]
    assert [(event["rule"], event["own"]) for event in events] == [("own-secret", ["own-0"])] * 3
    assert not any(
        form[at : at + 8] in answered for form in (value, *forms) for at in range(2, len(form) - 9)
    )
