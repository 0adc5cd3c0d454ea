"""Of a document in parts each finding is told once, whole, wherever the parts end."""

import random

from acme_rules import ruleset, scanner
from detectors.synthetic import records_for, secret_for
from monitor.contracts import Document
from monitor.matcher.parts import own

OVERLAP = 100


def test_each_once_wherever_the_parts_end() -> None:
    tokens = [secret_for(ruleset()["acme-token"], random.Random(n)) for n in range(12)]
    whole = b" ".join(tokens)
    expected = sorted(tokens)
    for size in range(150, 260, 7):
        told, offset = [], 0
        while True:
            content = whole[offset : offset + size]
            part = Document(
                source="t",
                id="1",
                content=content,
                fetched_at=0.0,
                offset=offset,
                overlap=OVERLAP if offset else 0,
                more=offset + size < len(whole),
            )
            told += [finding.secret for finding in own(part, scanner().scan(content))]
            if not part.more:
                break
            offset += size - OVERLAP
        assert sorted(told) == expected


def test_a_dump_that_ends_with_its_part_is_told_by_it() -> None:
    content = records_for(ruleset()["acme-dump"], 8, random.Random(1))
    part = Document(source="t", id="1", content=content, fetched_at=0.0, more=True)

    assert [finding.records for finding in own(part, scanner().scan(content))] == [8]
