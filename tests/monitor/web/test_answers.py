import orjson

from monitor.web.answers import HEADERS, refusal


def test_nothing_inline_and_nothing_of_others():
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "*" not in policy
    for part in ("script-src 'self'", "connect-src 'self'", "img-src 'self'", "frame-ancestors 'none'"):
        assert part in policy


def test_a_refusal_is_a_problem():
    answer = refusal(429, "wait", "abc", Retry_After="7")
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Retry-After"] == "7"
    assert orjson.loads(answer.body) == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "wait",
        "request_id": "abc",
    }
