import pytest

from monitor.webguard import SESSION_SECONDS, Guard

TOKEN = "correct horse battery"


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def guard(clock, token=TOKEN, hosts=()):
    return Guard(token=token, allowed_hosts=hosts, clock=clock)


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8686", "127.0.0.1:1", "[::1]:8686", "leaks.acme.test", "leaks.acme.test."],
)
def test_our_names(clock, host):
    assert guard(clock, hosts=("Leaks.Acme.test",)).knows_host(host)


@pytest.mark.parametrize(
    "host", ["", "evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "[", "a@evil.test", "127.0.0.2"]
)
def test_strange_names(clock, host):
    assert not guard(clock).knows_host(host)


def test_the_token(clock):
    assert guard(clock).is_token(TOKEN)
    for wrong in ("", "correct", TOKEN + "x", "\udcff"):
        assert not guard(clock).is_token(wrong)
    assert not guard(clock, token=None).is_token("")


def test_a_session_ends_and_cannot_be_made_up(clock):
    ours = guard(clock)
    session = ours.new_session()
    assert ours.is_session(session)
    assert guard(clock).is_session(session)  # another process with the same token
    assert not guard(clock, token="another token, later").is_session(session)
    expiry, nonce, signature = session.split(".")
    for forged in ("", "..", f"{int(expiry) + 1}.{nonce}.{signature}", f"{expiry}.{nonce}.", "\udcff.a.b"):
        assert not ours.is_session(forged)
    clock.now += SESSION_SECONDS
    assert not ours.is_session(session)


def test_a_page_token_belongs_to_its_session(clock):
    ours = guard(clock)
    token = ours.page_token("a")
    assert ours.is_page_token(token, "a")
    assert not ours.is_page_token(token, "b")
    assert not ours.is_page_token("", "a")
    assert not guard(clock).is_page_token(token, "a")  # made by another process


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
