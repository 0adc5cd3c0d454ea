"""The log's last processor masks what a library may have quoted."""

import io
import json
import logging

import pytest
import structlog

from monitor import log
from monitor.metrics import Metrics

TOKEN = "gh" + "p_" + "a1B2" * 9


@pytest.fixture
def stream():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    log.configure(stream=out)
    yield out
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_tokens_userinfo_and_queries_are_masked(stream):
    structlog.get_logger().warning(
        f"failed {TOKEN}", url=f"https://user:{TOKEN}@host.example/x?key=verysecret", nested={"a": [TOKEN]}
    )
    text = stream.getvalue()
    assert TOKEN[4:] not in text
    assert "verysecret" not in text
    assert "host.example" in text


def test_tracebacks_are_masked(stream):
    try:
        raise ValueError(f"bad {TOKEN}")
    except ValueError:
        structlog.get_logger().exception("boom")
    assert TOKEN[4:] not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


def test_standard_library_loggers_too(stream):
    logging.getLogger("aiohttp").warning("token %s", TOKEN)
    assert TOKEN[4:] not in stream.getvalue()
    assert json.loads(stream.getvalue())["logger"] == "aiohttp"


def test_our_own_ids_stay_readable(stream):
    structlog.get_logger().info("page", exposure="ab12" * 16)
    assert "ab12" * 16 in stream.getvalue()


def test_bytes_never_print(stream):
    structlog.get_logger().info("x", data=b"secret bytes")
    assert "secret bytes" not in stream.getvalue()


def test_names_of_rules_are_no_tokens(stream):
    rules = {"auth0-management-api-token-v2": 3}
    structlog.get_logger().info("found", rules=rules, rule=next(iter(rules)), other=next(iter(rules)))
    line = json.loads(stream.getvalue())
    assert (line["rules"], line["rule"]) == (rules, next(iter(rules)))
    assert line["other"] == "auth***"


def test_a_long_text_keeps_its_beginning_and_its_end(stream):
    structlog.get_logger().info("x", answer="begin" + "a " * 100_000 + "end")
    line = json.loads(stream.getvalue())
    assert line["answer"].startswith("begin")
    assert line["answer"].endswith("end")
    assert "195912 characters left out" in line["answer"]
    assert len(stream.getvalue()) < 5000


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_nothing_steers_a_terminal():
    out = Terminal()
    log.configure(stream=out)
    structlog.get_logger().warning("x", title="a\x1b[2Jb\u202ec\nd")
    assert "\x1b[2J" not in out.getvalue()
    assert "\\x1b[2Jb\\u202ec\\x0ad" in out.getvalue()


def test_lines_are_counted_by_level_and_so_is_what_a_flood_left_out():
    out, metrics = io.StringIO(), Metrics()
    log.configure(stream=out, metrics=metrics)
    for number in range(300):
        structlog.get_logger().info("hostile document", number=number)
        logging.getLogger("aiokafka").error("node %d is away", number)
    structlog.get_logger().debug("below the level")
    value = metrics.registry.get_sample_value
    written = {
        level: value("leakstream_log_lines_total", {"level": level}) for level in ("debug", "info", "error")
    }
    assert written == {"debug": 0, "info": 100, "error": 5}
    assert value("leakstream_log_suppressed_total") == 200 + 295
    assert len(out.getvalue().splitlines()) == 105


def test_standard_error_may_be_another_by_the_time_of_a_line(monkeypatch):
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stderr", first)
    log.configure()
    first.close()
    monkeypatch.setattr("sys.stderr", second)
    structlog.get_logger().warning("ours")
    logging.getLogger("library").warning("theirs")
    assert [json.loads(text)["event"] for text in second.getvalue().splitlines()] == ["ours", "theirs"]
