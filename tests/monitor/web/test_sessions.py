from monitor.web import sessions
from monitor.web.roles import How, Identity, Role
from monitor.web.sessions import SESSION_SECONDS, Sessions
from web_samples import Clock

ANN = Identity("ann", Role.RESPONDER, How.BEARER)


def test_a_session_is_somebodys_until_it_ends():
    clock = Clock()
    known = Sessions(clock)
    cookie = known.begin(ANN)
    found = known.find(cookie)
    assert (found.name, found.role, found.how) == ("ann", Role.RESPONDER, How.SESSION)
    for strange in ("", cookie[:-1], cookie + "x", "\udcff"):
        assert known.find(strange) is None
    clock.now += SESSION_SECONDS - 1
    assert known.find(cookie) is not None
    clock.now += 1
    assert known.find(cookie) is None


def test_a_session_that_was_ended_does_not_come_back():
    known = Sessions(Clock())
    cookie, other = known.begin(ANN), known.begin(ANN)
    assert known.find(cookie).mark != known.find(other).mark
    known.end(cookie)
    known.end(cookie)
    assert known.find(cookie) is None
    assert known.find(other) is not None
    assert Sessions(Clock()).find(other) is None  # nor in another process


def test_they_are_bounded(monkeypatch):
    monkeypatch.setattr(sessions, "_MOST", 3)
    known = Sessions(Clock())
    cookies = [known.begin(ANN) for _ in range(4)]
    assert [known.find(cookie) is not None for cookie in cookies] == [False, True, True, True]
