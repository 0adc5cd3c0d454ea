"""The benchmark's documents are of one size, like code, and some have a credential that is really found."""

import zlib
from itertools import islice

import pytest

from benchmarks.pipeline.documents import documents
from detectors import Scanner, load_rules


@pytest.fixture(scope="module")
def scanner():
    return Scanner(load_rules())


@pytest.mark.parametrize("size", [512, 2048, 20480])
def test_one_of_so_many_has_a_finding_of_its_own(scanner, size):
    made = list(documents(40, size, leak_every=10))
    assert {len(document.content) for document in made} == {size}
    found = {
        number: [finding.secret for finding in findings if finding.rule.id == "github-pat-classic"]
        for number, findings in enumerate(scanner.scan_many([document.content for document in made]))
    }
    assert [number for number, secrets in found.items() if secrets] == [5, 15, 25, 35]
    assert len({secret for secrets in found.values() for secret in secrets}) == 4


def test_they_compress_as_code_does_and_repeat_nothing_within_a_batch():
    made = list(documents(130, 2048, leak_every=500))
    joined = b"".join(document.content for document in made)
    assert 2.5 < len(joined) / len(zlib.compress(joined)) < 5
    assert len({document.content for document in made}) == 130
    assert len({document.id for document in documents(5000, 64, leak_every=500)}) == 5000


def test_more_than_all_code_is_refused():
    with pytest.raises(ValueError, match="cannot be cut"):
        next(islice(documents(1, 10**9, leak_every=2), 1))
