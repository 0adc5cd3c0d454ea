from benchmarks.bars.plants import Plants, Size
from detectors import Scanner, load_rules
from monitor.identity import KeyRing


def test_each_plant_is_one_finding_of_its_document_and_one_fingerprint(tmp_path):
    plants = Plants.make(Size(60, 20, 5, seed=3), cache_dir=tmp_path)
    scanner = Scanner(load_rules(), cache_dir=tmp_path)
    secrets = {planting.document: planting.secret for planting in plants.documents.truth}
    for document in plants.documents:
        assert [finding.secret for finding in scanner.scan(document.content)] == (
            [secrets[document.id]] if document.id in secrets else []
        )
    expected = plants.expected(KeyRing.of(bytes(32)))
    assert len(expected) == 20
    assert sum(leak.watched for leak in expected.values()) == 5
    assert len(plants.owners) == 1
