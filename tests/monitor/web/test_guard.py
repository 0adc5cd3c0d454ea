import pytest

from monitor.web.guard import Guard, is_own_path


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8686", "127.0.0.1:1", "[::1]:8686", "leaks.acme.test", "leaks.acme.test."],
)
def test_our_names(host):
    assert Guard(("Leaks.Acme.test",)).knows_host(host)


@pytest.mark.parametrize(
    "host", ["", "evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "[", "a@evil.test", "127.0.0.2"]
)
def test_strange_names(host):
    assert not Guard(()).knows_host(host)


def test_a_page_token_belongs_to_whom_the_page_was_shown():
    ours = Guard(())
    token = ours.page_token("a")
    assert ours.is_page_token(token, "a")
    assert not ours.is_page_token(token, "b")
    assert not ours.is_page_token("", "a")
    assert not ours.is_page_token("\udcff", "a")
    assert not Guard(()).is_page_token(token, "a")  # made by another process


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://h:1", "Host": "h:1"}, True),
        ({"Origin": "http://evil.test", "Host": "h:1"}, False),
        ({"Origin": "null", "Host": "h:1"}, False),
    ],
)
def test_same_origin(headers, ours):
    assert Guard.is_same_origin(headers) is ours


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("/", True),
        ("/exposures/ab?q=a%20b&after=1", True),
        ("//evil.test", False),
        ("/\\evil.test", False),
        ("https://evil.test", False),
        ("/a\nb", False),
        ("", False),
    ],
)
def test_a_way_back_leads_to_a_page_of_ours(path, ours):
    assert is_own_path(path) is ours
