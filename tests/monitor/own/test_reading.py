"""Secrets out of what operators have: lines, .env files, JSON, the exports of Vault and the clouds."""

from __future__ import annotations

import json
import random
from base64 import b64encode, urlsafe_b64encode
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.own.reading import SKIPPED, Format, NamedSecret, UnreadableSecrets, secrets_in
from owning import secret

RNG = random.Random(11)
ONE, TWO, THREE = (secret(RNG).decode() for _ in range(3))


def read(text: str | bytes, kind: Format = Format.AUTO) -> dict[str, str]:
    data = text if isinstance(text, bytes) else text.encode()
    found = secrets_in(data, Counter(), kind=kind)
    return {one.name or one.position: one.value.decode() for one in found}


def test_lines() -> None:
    assert read(f"{ONE}\n\n# a remark\n{TWO}\r\n  {THREE}") == {
        "line-1": ONE,
        "line-4": TWO,
        "line-5": f"  {THREE}",
    }
    padded = b64encode(random.Random(1).randbytes(40)).decode()
    assert padded.endswith("=")
    assert read(padded) == {"line-1": padded}


def test_env() -> None:
    text = f"""
# the database
export DB_PASSWORD="{ONE}"   # of production
TOKEN={TWO} # said so
QUOTED='{THREE}'
EMPTY=
KEY="-----BEGIN X-----\\nabc
def"
"""
    assert read(text) == {
        "DB_PASSWORD": ONE,
        "TOKEN": TWO,
        "QUOTED": THREE,
        "KEY": "-----BEGIN X-----\nabc\ndef",
    }


def test_lines_that_may_be_either_are_asked_about() -> None:
    text = f"NAME={ONE}\n{TWO}\n"
    with pytest.raises(UnreadableSecrets, match="--format"):
        read(text)
    assert read(text, Format.LINES) == {"line-1": f"NAME={ONE}", "line-2": TWO}
    assert read(text, Format.ENV) == {"NAME": ONE}


def test_json_by_the_way_to_each_text() -> None:
    text = json.dumps({"db": {"password": ONE, "port": 5432, "tls": True}, "keys": [TWO, None, {"x": THREE}]})
    assert read(text) == {"db.password": ONE, "keys[0]": TWO, "keys[2].x": THREE}
    skipped: Counter[str] = Counter()
    list(secrets_in(text.encode(), skipped))
    assert skipped == {"not_text": 3}
    assert read(f'{{"a": "{ONE}", "a": "{TWO}"}}') == {"a": TWO}
    assert [
        one.value.decode() for one in secrets_in(f'{{"a": "{ONE}", "a": "{TWO}"}}'.encode(), Counter())
    ] == [ONE, TWO]


def test_vault_both_versions() -> None:
    second = {
        "request_id": "r",
        "lease_id": "",
        "data": {"data": {"user": ONE, "key": TWO}, "metadata": {"version": 3}},
    }
    first = {"request_id": "r", "lease_id": "", "data": {"user": ONE, "key": TWO}}
    deleted = {"request_id": "r", "data": {"data": None, "metadata": {"deletion_time": "now"}}}
    assert read(json.dumps(second)) == read(json.dumps(first)) == {"user": ONE, "key": TWO}
    assert read(json.dumps(deleted)) == {}


def test_aws() -> None:
    plain = {"ARN": "arn:aws:x", "Name": "prod/db", "VersionId": "v", "SecretString": ONE, "CreatedDate": 1.0}
    pairs = {
        "ARN": "arn:aws:y",
        "Name": "prod/app",
        "SecretString": json.dumps({"user": "bob", "password": TWO}),
    }
    binary = {"ARN": "arn:aws:z", "Name": "bin", "SecretBinary": b64encode(THREE.encode()).decode()}
    assert read(json.dumps(plain)) == {"prod/db": ONE}
    batch = {"SecretValues": [plain, pairs, binary], "Errors": []}
    assert read(json.dumps(batch)) == {
        "prod/db": ONE,
        "prod/app#user": "bob",
        "prod/app#password": TWO,
        "bin": THREE,
    }


def test_gcp() -> None:
    one = {
        "name": "projects/12/secrets/db-key/versions/3",
        "payload": {"data": urlsafe_b64encode(ONE.encode()).decode()},
    }
    broken = {
        "name": "projects/12/secrets/bin/versions/1",
        "payload": {"data": b64encode(b"\xff\xfe").decode()},
    }
    strange = {
        "name": "projects/12/secrets/strange/versions/1",
        "payload": {"data": "\u00e4\u00e4\u00e4\u00e4"},
    }
    skipped: Counter[str] = Counter()
    found = list(secrets_in(json.dumps([one, broken, strange]).encode(), skipped))
    assert found == [NamedSecret("db-key", ONE.encode(), "value-1")]
    assert skipped == {"not_base64": 2}


def test_azure_and_several_texts_one_after_another() -> None:
    def one(name: str, value: str) -> str:
        where = f"https://v.vault.azure.net/secrets/{name}/0123"
        return json.dumps(
            {"attributes": {"enabled": True}, "id": where, "name": name, "value": value}, indent=2
        )

    assert read(one("first", ONE) + "\n" + one("second", TWO)) == {"first": ONE, "second": TWO}
    assert read(f"[{one('first', ONE)}]") == {"first": ONE}


def test_of_an_address_with_a_login_the_password() -> None:
    assert read("URL=postgres://bob:p%2Fw%20x@db.example/main") == {"URL#password": "p/w x"}
    assert read("URL=https://example.com/a@b:c") == {"URL": "https://example.com/a@b:c"}


@pytest.mark.parametrize("text", ['{"a": ', "[1, 2", '{"a": "' + ONE, "[" * 100_000, b"\xff\xfe\x00"])
def test_what_is_broken_is_said_without_showing_it(text: str | bytes) -> None:
    with pytest.raises(UnreadableSecrets) as error:
        read(text)
    assert ONE[:6] not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


def test_a_secret_does_not_show_itself() -> None:
    assert ONE not in repr(NamedSecret("name", ONE.encode()))


def test_much_json_takes_time_by_its_length() -> None:
    text = f'{{"a": "{ONE}"}}\n' * 20_000
    assert sum(1 for _ in secrets_in(text.encode(), Counter())) == 20_000


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode), st.sampled_from(Format))
def test_any_text_is_read_or_refused(data: bytes, kind: Format) -> None:
    skipped: Counter[str] = Counter()
    try:
        for one in secrets_in(data, skipped, kind=kind):
            assert one.position
    except UnreadableSecrets:
        pass
    assert set(skipped) <= set(SKIPPED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["data", "payload", "ARN", "Name", "value", "id", "metadata", "request_id", "x"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_whatever_export_it_looks_like(value: object) -> None:
    list(secrets_in(json.dumps(value).encode(), Counter(), kind=Format.JSON))
