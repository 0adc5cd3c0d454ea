import pytest
from multidict import CIMultiDict

from monitor.web.proxy import Denied, Proxy, is_forwarded
from monitor.web.roles import How, Role
from monitor.websettings import ProxySettings

SETTINGS = {
    "trusted": ["10.0.0.0/24", "2001:db8::1"],
    "groups": {"security": "responder", "platform": "admin", "all": "viewer"},
}


def proxy(**more):
    return Proxy(ProxySettings.model_validate({**SETTINGS, **more}))


def headers(user="ann", groups="all", **more):
    return CIMultiDict({"X-Forwarded-User": user, "X-Forwarded-Groups": groups, **more})


def test_the_highest_of_his_groups_counts():
    found = proxy().identity(headers(groups="all, security,unknown"))
    assert (found.name, found.role, found.how) == ("ann", Role.RESPONDER, How.PROXY)
    found = proxy().identity(headers(groups="platform", **{"X-Forwarded-Email": "ann@acme.example"}))
    assert (found.name, found.role) == ("ann <ann@acme.example>", Role.ADMIN)
    assert proxy().identity(headers(groups="Security")) is Denied.NO_ROLE
    assert proxy().identity(headers(groups="securityx")) is Denied.NO_ROLE
    assert proxy(everybody="viewer").identity(headers(groups="")).role is Role.VIEWER
    assert proxy(groups_separator="|").identity(headers(groups="all|platform")).role is Role.ADMIN


def test_nobody_is_nobody():
    assert proxy(everybody="admin").identity(CIMultiDict({"X-Forwarded-Groups": "platform"})) is None
    assert proxy(everybody="admin").identity(headers(user="  ")) is None


@pytest.mark.parametrize(
    "given",
    [
        headers(user="a" * 129),
        headers(user="ann\x1b[2J"),
        headers(user="a\u202eb"),
        headers(**{"X-Forwarded-Email": "x" * 128}),
        CIMultiDict([("X-Forwarded-User", "ann"), ("x-forwarded-user", "root")]),
        CIMultiDict([*headers().items(), ("X-Forwarded-Groups", "platform")]),
    ],
)
def test_a_header_twice_or_an_odd_name_is_nobody(given):
    assert proxy().identity(given) is Denied.BAD_HEADERS


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.0.0.9", True),
        ("::ffff:10.0.0.9", True),
        ("2001:db8::1", True),
        ("10.0.1.9", False),
        ("2001:db8::2", False),
        ("", False),
    ],
)
def test_only_its_own_addresses_are_believed(address, trusted):
    assert proxy().peer(address, CIMultiDict()).trusted is trusted
    assert not Proxy(ProxySettings()).peer(address, CIMultiDict()).trusted


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("6.6.6.6, 203.0.113.5", "203.0.113.5"),  # the first was written by whoever sent it
        ("203.0.113.5, 10.0.0.7", "203.0.113.5"),  # two proxies, both ours
        ("203.0.113.5, nonsense", "10.0.0.9"),
        ("", "10.0.0.9"),
    ],
)
def test_the_address_behind_the_proxy(chain, address):
    given = CIMultiDict({"X-Forwarded-For": chain} if chain else {})
    assert proxy().peer("10.0.0.9", given).address == address
    assert proxy().peer("192.0.2.1", given).address == "192.0.2.1"


def test_a_proxy_is_noticed():
    assert is_forwarded(CIMultiDict({"x-forwarded-for": "1.2.3.4"}))
    assert is_forwarded(CIMultiDict({"Via": "1.1 x"}))
    assert not is_forwarded(CIMultiDict({"Host": "x"}))
