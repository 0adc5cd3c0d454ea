from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from monitor.alerting.ownership.entries import Brands, Domains, Hosts, Names, Repositories


@pytest.mark.parametrize(
    ("kind", "written", "kept"),
    [
        (Names, ["Acme", "acme", "github.com/Acme/"], ("acme", "github.com/acme")),
        (Domains, [".Example.com", "example.com."], ("example.com",)),
        (Hosts, ["DB7", ".Corp.Internal", "a.example.com."], ("db7", ".corp.internal", "a.example.com")),
        (
            Repositories,
            ["Acme/.github", "acme/Infra-*", "gitlab.com/a/b/c"],
            ("acme/.github", "acme/infra-*", "gitlab.com/a/b/c"),
        ),
        (Brands, ["AcmePay", "Blütenstaub"], ("acmepay", "blütenstaub")),
    ],
)
def test_entries_are_kept_in_lower_case_each_once(
    kind: object, written: list[str], kept: tuple[str, ...]
) -> None:
    assert TypeAdapter(kind).validate_python(written) == kept


def test_a_wrong_entry_is_named_with_what_would_be_right() -> None:
    with pytest.raises(ValidationError, match=r"'\*\.example\.com': a domain is written like example\.com"):
        TypeAdapter(Domains).validate_python(["good.example", "*.example.com"])
