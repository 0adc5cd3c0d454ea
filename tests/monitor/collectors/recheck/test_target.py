import pytest

from monitor.collectors.recheck.target import Target, read


def test_what_the_alerting_stage_asks_is_read():
    asked = (
        '{"place":"00","forge":"github.com","repository":"o/r","commit":"c","path":"a","blob":"b","line":5}'
    )
    assert read(asked) == Target("github.com", "o/r", "c", "", "a", "", "b")


@pytest.mark.parametrize(
    "asked",
    ["", "x", "[]", "{}", '{"forge":"github.com"}', '{"url":"https://x.example/"}', '{"forge":[],"url":{}}'],
)
def test_what_is_no_target(asked):
    assert read(asked) is None
