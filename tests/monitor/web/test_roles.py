import pytest

from monitor.web.roles import How, Identity, Role


def test_each_may_what_those_before_it_may():
    assert Role.VIEWER < Role.RESPONDER < Role.ADMIN
    assert [Role.of(role.word) for role in Role] == list(Role)
    with pytest.raises(KeyError):
        Role.of("root")


def test_what_a_session_hangs_on_is_not_shown():
    assert "hidden" not in repr(Identity("ann", Role.VIEWER, How.SESSION, "hidden"))
