import pytest
from aiohttp import web

from monitor.web.needs import Access, Needs, needs_of
from monitor.web.roles import Role


async def nothing(request):
    raise AssertionError


def of(definition, access=Access.SIGNED_IN, role=None):
    app = web.Application()
    (route,) = app.add_routes([definition])
    return {each.method: needs for each, needs in needs_of(route, access, role).items()}


def test_head_needs_what_get_needs():
    found = of(web.get("/a/{id}", nothing), role=Role.ADMIN)
    assert found == dict.fromkeys(("GET", "HEAD"), Needs(Access.SIGNED_IN, Role.ADMIN, ""))
    assert of(web.get("/a", nothing, allow_head=False)).keys() == {"GET"}


@pytest.mark.parametrize(
    ("definition", "role", "action"),
    [
        (web.post("/exposures/{id}/close", nothing), Role.ADMIN, "close"),
        (web.delete("/keys/{id}", nothing), Role.ADMIN, "keys"),
        (web.put("/{id}", nothing), Role.ADMIN, "change"),
        (web.get("/keys", nothing), Role.VIEWER, ""),
    ],
)
def test_a_change_that_names_no_role_is_an_admins(definition, role, action):
    (found, *_) = of(definition).values()
    assert (found.role, found.action) == (role, action)


def test_whoever_checks_by_himself_has_no_action_here():
    assert of(web.post("/drop", nothing), Access.OWN)["POST"].action == ""
