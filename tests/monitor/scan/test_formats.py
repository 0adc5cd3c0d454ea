"""How hits are printed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import TextIO

import pytest

from detectors.stats import REASONS
from hits_of_tests import hit
from monitor.scan.formats import Format, JsonLines, Pretty, Sarif, Summary
from monitor.scan.hit import Place


def json_lines(out: TextIO) -> JsonLines:
    return JsonLines(out, io.StringIO())


def printed(make: Callable[[TextIO], Format], *hits: object, summary: Summary | None = None) -> str:
    out = io.StringIO()
    format_ = make(out)
    for one in hits:
        format_.hit(one)  # type: ignore[arg-type]
    format_.end(summary or Summary())
    return out.getvalue()


def test_pretty_shows_hostile_text_harmless() -> None:
    text = printed(Pretty, hit(path="a\x1b[31m\n.py", snippet="x \u202e y", title="[bold]Acme[/]"))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]Acme[/]" in text
    assert "a\\x1b[31m\\x0a.py:3:5" in text


def test_pretty_says_what_was_left_out_and_known() -> None:
    summary = Summary(files=2, bytes=3_000_000, seconds=1.5, known=4, skipped={"compressed": 2})
    assert printed(Pretty, summary=summary).strip() == (
        "0 findings in 2 files, 3.0 MB, 1.5 s; 4 known from the baseline; left out: 2 compressed"
    )


def test_json_lines_say_what_was_left_out_on_the_other_stream() -> None:
    out, err = io.StringIO(), io.StringIO()
    JsonLines(out, err).end(Summary(skipped={"symlink": 1, "compressed": 2}))
    assert out.getvalue() == ""
    assert err.getvalue() == "leakstream: left out: 2 compressed, 1 symlink\n"


def test_every_format_says_what_the_limits_cut_and_not_what_is_no_secret() -> None:
    assert {"loud_rule", "decode_budget", "incomplete"} <= REASONS
    summary = Summary(dropped={"loud_rule": 11_500, "decode_budget": 2, "incomplete": 1, "low_entropy": 9})
    said = "not looked at for the limits' sake: 2 decode_budget, 1 incomplete, 11500 loud_rule"
    assert printed(Pretty, summary=summary).strip().endswith(f"; {said}")
    err, out = io.StringIO(), io.StringIO()
    JsonLines(io.StringIO(), err).end(summary)
    assert err.getvalue() == f"leakstream: {said}\n"
    Sarif(out, "1.0").end(summary)
    (run,) = json.loads(out.getvalue())["runs"]
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == said
    assert run["properties"]["dropped"]["loud_rule"] == 11_500


def test_sarif_says_what_was_left_out_and_that_a_target_was_unreadable() -> None:
    for unreadable in ((), ("a\x1b",)):
        out = io.StringIO()
        Sarif(out, "1.0").end(Summary(skipped={"symlink": 1}, unreadable=unreadable))
        (run,) = json.loads(out.getvalue())["runs"]
        (invocation,) = run["invocations"]
        assert invocation["executionSuccessful"] is not bool(unreadable)
        texts = [each["message"]["text"] for each in invocation["toolExecutionNotifications"]]
        assert texts == ["left out: 1 symlink", *(["could not be read: a\\x1b"] if unreadable else [])]


def test_pretty_shows_proof_commit_and_secret_when_there_are() -> None:
    text = printed(Pretty, hit(verdict="proved", check="crc", commit="c" * 40, secret="acme_plain"))
    assert "(proved: crc)" in text
    assert f"commit {'c' * 12}\n" in text
    assert "acme_plain" in text


def test_json_lines_leave_out_what_is_not_set() -> None:
    lines = printed(json_lines, hit(), hit(commit="c" * 40, decoded=("base64",), secret="s")).splitlines()
    first, second = map(json.loads, lines)
    assert not {"commit", "decoded", "secret", "set"} & set(first)
    assert (second["commit"], second["decoded"], second["secret"]) == ("c" * 40, ["base64"], "s")


@pytest.mark.parametrize(
    ("path", "uri"),
    [("a b/c#d%.py", "a%20b/c%23d%25.py"), ("/x/é", "file:///x/%C3%A9"), ("-", "-")],
)
def test_sarif_writes_paths_as_uris(path: str, uri: str) -> None:
    out = io.StringIO()
    sarif = Sarif(out, "1.0")
    sarif.hit(hit(path=path))
    sarif.end(Summary())
    (result,) = json.loads(out.getvalue())["runs"][0]["results"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uri"] == uri
    assert ("uriBaseId" in artifact) is not path.startswith("/")


def test_sarif_names_each_rule_once() -> None:
    out = io.StringIO()
    sarif = Sarif(out, "1.0")
    for one in (hit(), hit(line=9), hit(rule="other", severity="low")):
        sarif.hit(one)
    sarif.end(Summary())
    (run,) = json.loads(out.getvalue())["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["acme-token", "other"]
    assert [result["level"] for result in run["results"]] == ["error", "error", "note"]


def test_what_a_value_says_of_itself_is_told_and_harmless() -> None:
    told = hit(
        facts={"account_id": "123", "host": "a\x1b[1m"}, missing=("acme-id",), known="example of a standard"
    )

    text = printed(Pretty, told)
    (line,) = printed(json_lines, told).splitlines()

    assert "account id: 123" in text
    assert "\x1b" not in text
    assert "not seen near it: acme-id" in text
    assert "no secret: example of a standard" in text
    body = json.loads(line)
    assert (body["facts"]["account_id"], body["missing"], body["known"]) == ("123", ["acme-id"], told.known)
    assert not {"facts", "missing", "known"} & json.loads(printed(json_lines, hit()).splitlines()[0]).keys()


def test_every_format_tells_where_a_value_stands_again() -> None:
    again = hit(also=tuple(Place(line=n, column=2, start=100 * n, end=100 * n + 35) for n in range(4, 16)))

    assert "the same value in line 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 2 more\n" in printed(Pretty, again)
    told = json.loads(printed(json_lines, again))["also"]
    assert (len(told), told[0]) == (12, {"line": 4, "column": 2, "start": 400, "end": 435})
    (result,) = json.loads(printed(lambda out: Sarif(out, "1.0"), again))["runs"][0]["results"]
    assert [place["physicalLocation"]["region"]["startLine"] for place in result["relatedLocations"]] == [
        *range(4, 16)
    ]


def test_a_value_that_stands_once_tells_of_no_other_place() -> None:
    assert "same value" not in printed(Pretty, hit())
    assert "also" not in json.loads(printed(json_lines, hit()))
    (result,) = json.loads(printed(lambda out: Sarif(out, "1.0"), hit()))["runs"][0]["results"]
    assert "relatedLocations" not in result
