"""Foreign strings are harmless at every sink."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.untrusted import Sink, untrusted


@given(st.text(max_size=400), st.sampled_from(Sink))
def test_nothing_hidden_survives(text, sink):
    shown = untrusted(text, sink)
    assert not any(ord(c) < 32 or ord(c) == 127 for c in shown)
    for bidi in "\u202a\u202e\u2066\u2069\u200f":
        assert bidi not in shown


@pytest.mark.parametrize(
    ("sink", "text", "expected"),
    [
        (Sink.TERMINAL, "a\x1b[31mb", "a\\x1b[31mb"),
        (Sink.TERMINAL, "evil\u202etxt", "evil\\u202etxt"),
        (Sink.HTML, '<a href="x">&', "&lt;a href=&quot;x&quot;&gt;&amp;"),
        (Sink.CSV, "=1+1", "'=1+1"),
        (Sink.CSV, "plain", "plain"),
        (Sink.MARKDOWN, "[x](y)", r"\[x\]\(y\)"),
    ],
)
def test_each_sink(sink, text, expected):
    assert untrusted(text, sink) == expected


def test_slack_gets_no_mention_link_or_code():
    shown = untrusted("<!here> @channel https://evil.example `x`", Sink.SLACK)
    assert "<" not in shown
    assert "@channel" not in shown
    assert "https://" not in shown
    assert "`" not in shown


def test_long_texts_are_cut_visibly():
    assert untrusted("x" * 500, Sink.PLAIN, limit=10) == "x" * 9 + "…"
