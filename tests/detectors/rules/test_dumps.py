"""Dumps: one finding with the number of its records, and nothing for what only looks like a few lines of one."""

from __future__ import annotations

from random import Random

import pytest

from detectors.model import Kind
from detectors.synthetic import records_for
from shipped_rules import shipped, shipped_scanner

PROVIDERS = ("data-dump", "password-hash", "pii", "proxy")
RECORDS = [rule for rule in shipped(*PROVIDERS).rules if rule.kind is Kind.RECORDS]
DUMPS = [rule.id for rule in RECORDS if not rule.wakes]


@pytest.mark.parametrize("rule_id", DUMPS)
def test_a_dump_is_one_finding_that_counts_its_lines(rule_id: str) -> None:
    rule = shipped(*PROVIDERS)[rule_id]
    lines = records_for(rule, rule.minimum + 30, Random(1))

    findings = [f for f in shipped_scanner(*PROVIDERS).scan(b"# list\n" + lines + b"\n\nend\n") if f.records]

    assert [f.rule.id for f in findings] == [rule_id]
    assert findings[0].records == rule.minimum + 30


@pytest.mark.parametrize("rule_id", DUMPS)
def test_fewer_lines_than_the_minimum_are_none(rule_id: str) -> None:
    rule = shipped(*PROVIDERS)[rule_id]
    lines = records_for(rule, rule.minimum - 1, Random(2))

    assert not [f for f in shipped_scanner(*PROVIDERS).scan(lines + b"\n") if f.records]


@pytest.mark.parametrize("rule_id", DUMPS)
def test_the_same_line_many_times_is_one_record(rule_id: str) -> None:
    line = records_for(shipped(*PROVIDERS)[rule_id], 1, Random(3)) + b"\n"

    assert not [f for f in shipped_scanner(*PROVIDERS).scan(line * 60) if f.records]


def test_a_maintainers_file_is_no_list_of_addresses() -> None:
    text = "".join(f"M:\tAnn Example{i} <ann{i}@acme.io>\nL:\tlist{i}@acme.io\n" for i in range(60))

    assert shipped_scanner(*PROVIDERS).scan(text.encode()) == ()


def test_a_table_of_test_cards_is_quiet() -> None:
    text = b"visa = 4111111111111111\nVISA: 4242 4242 4242 4242\namex = '378282246310005'\niban: GB82 WEST 1234 5698 7654 32\n"

    assert shipped_scanner(*PROVIDERS).scan(text) == ()


def mails(count: int, line: str) -> bytes:
    rng = Random(7)
    rows = []
    for _ in range(count):
        name, word = ("".join(rng.choices("abcdefghijklmnoprstuvw", k=8)) for _ in range(2))
        rows.append(line.format(name=name, word=f"{word}{rng.randint(10, 99)}!"))
    return "\n".join(rows).encode() + b"\n"


def hashed(head: str, row: str) -> bytes:
    rng = Random(8)

    def drawn(alphabet: str, size: int) -> str:
        return "".join(rng.choices(alphabet, k=size))

    text = head
    for number in range(40):
        text += row.format(
            n=number, name=drawn("abcdefghijkl", 8), digest=drawn("0123456789abcdef", 40), word=drawn("ABCDEFabcdef0123456789", 30),
            salt=drawn("ABCDEFGHIJabcdefghij0123456789", 53),
        )  # fmt: skip
    return text.encode() + b"\n"


@pytest.mark.parametrize(
    "text",
    [
        hashed("INSERT INTO user_files (name, path) VALUES\n", "('{name}','/srv/{name}'),\n"),
        hashed("INSERT INTO commits VALUES\n", "('{name}','{digest}'),\n"),
        hashed("INSERT INTO users VALUES\n", "({n},'{name}',NULL),\n"),
    ],
)
def test_tables_without_password_hashes_are_none(text: bytes) -> None:
    assert not [f for f in shipped_scanner(*PROVIDERS).scan(text) if f.records]


@pytest.mark.parametrize(
    ("text", "rule_id"),
    [
        (mails(40, "{name}@acme.com,{word}"), "data-dump-email-password-columns"),
        (b"# combolist\n" + mails(40, "{name}@acme.com {word}"), "data-dump-email-password-blanks"),
        (mails(40, "{name}:{name}@acme.com:{word}:1990"), "data-dump-email-password"),
        (b"# combolist\n" + mails(40, "{name}:{word}"), "data-dump-user-password"),
        (b"jim:iloveyou1\n" + mails(39, "{name}:{word}"), "data-dump-user-password"),
        (b"name,phone,email\n" + mails(40, "Ann,555,{name}@acme.com"), "data-dump-user-export"),
        (mails(40, '{{"email": "{name}@acme.com", "password": "{word}"}}'), "data-dump-json-users"),
        (
            b"INSERT INTO users (email, password) VALUES\n" + mails(40, "('{name}@acme.com','{word}'),"),
            "data-dump-sql-rows",
        ),
        (
            hashed("INSERT INTO users (name, hash) VALUES\n", "('{name}','{digest}'),\n"),
            "data-dump-sql-hashes",
        ),
        (hashed("INSERT INTO wp_users VALUES ", "({n},'{name}','$P$B{word}','x'),"), "data-dump-sql-hashes"),
        (
            hashed("COPY app_accounts (id, login, passwd) FROM stdin;\n", "{n}\t{name}\t$2b$12${salt}\n"),
            "data-dump-sql-hashes",
        ),
    ],
)
def test_a_dump_tells_its_accounts_and_says_nothing_twice(text: bytes, rule_id: str) -> None:
    (found,) = shipped_scanner(*PROVIDERS, "generic").scan(text)

    assert (found.rule.id, found.records, found.proof.facts["accounts"]) == (rule_id, 40, "40")
    assert found.proof.facts.get("domains", "acme.com 40") == "acme.com 40"


@pytest.mark.parametrize(
    "line",
    [
        "{name}@acme.com,Ann",
        "{name}@acme.com Ann",
        "{name}@acme.com 1990-01-02",
        "{name}:latest",
        "{name}:8080",
        "  {name}: {word}",
        "{name}=/usr/{name}",
    ],
)
def test_what_only_has_the_separators_of_a_dump_is_none(line: str) -> None:
    assert not [f for f in shipped_scanner(*PROVIDERS).scan(b"combo\n" + mails(60, line)) if f.records]


def test_a_long_header_in_front_of_the_rows_is_no_reason_to_miss_them() -> None:
    columns = ", ".join(f"column_{number:02}" for number in range(14))
    random = Random(4)
    rows = ",\n".join(
        f"({number}, 'user{number}', '{random.randbytes(16).hex()}', 1)" for number in range(40)
    )
    text = f"INSERT INTO `records` ({columns}, login, {'x' * 30}, password) VALUES\n{rows};\n".encode()

    found = shipped_scanner(*PROVIDERS).scan(text)

    assert [(f.rule.id, f.records) for f in found if f.records] == [("data-dump-sql-hashes", 40)]
