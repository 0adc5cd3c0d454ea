from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge import sha
from monitor.collectors.github.search_api import parse, queries


def hit(**more: Any) -> dict[str, Any]:
    return {
        "path": "conf/app.env",
        "sha": sha("blob"),
        "url": f"https://api.github.com/repositories/1/contents/conf/app.env?ref={sha('commit')}",
        "repository": {"full_name": "octo/demo"},
        "text_matches": [{"fragment": "KEY=1"}, {"fragment": None}, None, {"fragment": "more"}],
        **more,
    }


def test_a_hit() -> None:
    found = parse(hit(), "q")
    assert found is not None
    assert (found.repository, found.path, found.blob) == ("octo/demo", "conf/app.env", sha("blob"))
    assert (found.commit, found.fragments, found.query) == (sha("commit"), b"KEY=1\nmore", "q")
    assert found.url("github.com") == f"https://github.com/octo/demo/blob/{sha('commit')}/conf/app.env"


def test_strange_paths_stay_paths() -> None:
    found = parse(hit(path="a b/../?x#y", url="nonsense"))
    assert found is not None
    assert found.url("github.com") == "https://github.com/octo/demo/blob/HEAD/a%20b/../%3Fx%23y"


@pytest.mark.parametrize(
    "more", [{"repository": None}, {"repository": {"full_name": "../x"}}, {"path": ""}, {"sha": "../../x"}]
)
def test_what_is_no_hit(more: dict[str, Any]) -> None:
    assert parse(hit(**more)) is None


def test_the_same_file_in_another_state_is_another_one() -> None:
    keys = {found.key for found in (parse(hit()), parse(hit(sha=sha("b2"))), parse(hit(path="x"))) if found}
    assert len(keys) == 3


def test_names_are_exact_words_without_our_own_organisations() -> None:
    found, long = queries(["example.com", "acme"], ["AKIA extension:env"], ["acme"])
    assert found == ['"example.com" -org:acme', '"acme" -org:acme', "AKIA extension:env -org:acme"]
    assert long == []


def test_a_query_that_names_an_organisation_means_it() -> None:
    assert queries([], ["password org:acme"], ["acme"])[0] == ["password org:acme"]


def test_exclusions_go_as_far_as_they_fit() -> None:
    many = [f"organisation-{n:02d}" for n in range(40)]
    (query,), _ = queries(["example.com"], [], many)
    assert 200 < len(query) <= 256
    assert queries([], ["x" * 257], many) == ([], ["x" * 257])


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150)
@given(
    st.dictionaries(
        st.sampled_from(["path", "sha", "url", "repository", "text_matches", "score"]), JSON, max_size=6
    )
    | JSON
)
def test_parse_takes_anything(raw: Any) -> None:
    assert parse(raw) is None
    if isinstance(raw, dict):
        wanted = {name: value for name, value in raw.items() if name in ("url", "text_matches")}
        assert parse(hit(**wanted)) is not None
