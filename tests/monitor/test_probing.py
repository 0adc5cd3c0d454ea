import pytest

from monitor import probing


def test_names_travel_in_trace_ids_and_come_back():
    names = (probing.of_rule("acme-token"), probing.of_decoder("base64-twice"))
    assert probing.listed(probing.listing(names)) == names
    assert [probing.tried(name) for name in names] == list(names)
    assert [probing.rule(name) for name in names] == ["acme-token", ""]
    assert [probing.decoder(name) for name in names] == ["", "base64-twice"]


@pytest.mark.parametrize(
    "trace", ["", "00ff", "beside:", "rule/", "rule/Acme", "rule/a b", "rule/" + "a" * 60]
)
def test_what_is_no_name_is_none(trace):
    assert probing.tried(trace) == ""
    assert probing.listed(trace) == ()
    assert probing.listed(f"beside:{trace}") == ()


def test_a_canary_beside_which_nothing_stands_lists_nothing_and_tries_nothing():
    assert probing.listed(probing.listing([])) == ()
    assert probing.tried(probing.listing(["rule/acme-token"])) == ""
