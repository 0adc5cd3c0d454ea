"""The log's last processor masks what a library may have quoted."""

import io
import logging

import pytest
import structlog

from monitor import log

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


def test_our_own_ids_stay_readable(stream):
    structlog.get_logger().info("page", exposure="ab12" * 16)
    assert "ab12" * 16 in stream.getvalue()


def test_bytes_never_print(stream):
    structlog.get_logger().info("x", data=b"secret bytes")
    assert "secret bytes" not in stream.getvalue()
