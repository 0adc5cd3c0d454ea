"""Who may reach whom: the chart's network policies, each the only one of its pods."""

from __future__ import annotations

import ipaddress
from itertools import product
from typing import Any

import pytest

from chart import CASES, STAGES, Object, all_of, stage

PORTS = {"collect": 8688, "match": 8689, "alert": 8690}


def policy(case: str, name: str) -> Object:
    return all_of(case, "NetworkPolicy")[f"leakstream-{name}"]["spec"]  # type: ignore[no-any-return]


def ways(case: str, name: str, direction: str) -> dict[int, list[Any]]:
    """Port -> the peers that it is open to, or leads to. Without peers a rule would mean everybody: that fails."""
    found: dict[int, list[Any]] = {}
    for rule in policy(case, name)[direction]:
        peers = rule["from" if direction == "ingress" else "to"]
        assert peers
        for port in rule["ports"]:
            found.setdefault(port["port"], []).extend(peers)
    return found


@pytest.mark.parametrize(("case", "name"), list(product(CASES, STAGES)))
def test_it_holds_for_the_pods_of_its_stage_in_both_directions(case: str, name: str) -> None:
    assert policy(case, name)["policyTypes"] == ["Ingress", "Egress"]
    labels = stage(case, name)["spec"]["template"]["metadata"]["labels"]
    for other in STAGES:
        chosen = policy(case, other)["podSelector"]["matchLabels"]
        assert (chosen.items() <= labels.items()) is (other == name)


@pytest.mark.parametrize("case", CASES)
def test_the_matcher_reaches_the_brokers_and_nothing_else(case: str) -> None:
    reached = ways(case, "match", "egress")
    assert reached.keys() == {53, 9093}
    assert set(map(str, reached[53])) == {
        str(
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            }
        )
    }
    (brokers,) = reached[9093]
    assert str(brokers) in map(str, ways(case, "collect", "egress")[9093])
    assert "0.0.0.0/0" not in str(policy(case, "match"))
    assert ways(case, "match", "ingress").keys() == {8689}


@pytest.mark.parametrize(("case", "name"), list(product(CASES, ("collect", "alert"))))
def test_outside_is_the_public_internet_by_https_and_nothing_private(case: str, name: str) -> None:
    blocks = [peer["ipBlock"] for peer in ways(case, name, "egress")[443] if "ipBlock" in peer]
    assert {block["cidr"] for block in blocks} == {"0.0.0.0/0", "::/0"}
    kept = [ipaddress.ip_network(each) for block in blocks for each in block["except"]]
    for address in ("10.1.2.3", "172.20.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "127.0.0.1"):
        assert any(ipaddress.ip_address(address) in each for each in kept if each.version == 4), address
    for address in ("fd00::1", "fe80::1", "::1"):
        assert any(ipaddress.ip_address(address) in each for each in kept if each.version == 6), address
    assert not any(ipaddress.ip_address("140.82.112.3") in each for each in kept if each.version == 4)


def test_each_reaches_the_servers_that_it_needs_and_no_others() -> None:
    assert ways("ha", "collect", "egress").keys() == {53, 443, 9093}
    assert ways("ha", "alert", "egress").keys() == {53, 443, 5432, 9093}
    assert ways("default", "alert", "egress").keys() == {53, 443, 9093}
    assert ways("small", "alert", "egress").keys() == {53, 443, 9093}
    (database,) = ways("ha", "alert", "egress")[5432]
    assert database == {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "databases"}}}


@pytest.mark.parametrize(("case", "name"), list(product(CASES, STAGES)))
def test_who_scrapes_reaches_the_metrics_and_nobody_the_console_unless_named(case: str, name: str) -> None:
    opened = ways(case, name, "ingress")
    (scraper,) = opened[PORTS[name]]
    assert scraper == {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    named = case == "ha" and name != "match"
    assert opened.keys() == {PORTS[name], *((8686,) if named else ())}
    if named:
        assert opened[8686] == [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}
        ]
