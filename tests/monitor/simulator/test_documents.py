import pytest

from made_up import made_up
from monitor.contracts import Document
from monitor.identity import blob_sha
from monitor.simulator.documents import documents


def test_exactly_what_the_truth_says():
    stream = documents(2000, 50, 5, seed=7, maker=made_up)
    truth = {place.document: place for place in stream.truth}
    made = list(stream)
    assert len(made) == len({d.id for d in made}) == len({d.blob_sha for d in made}) == 2000
    assert len(truth) == len({p.secret for p in truth.values()}) == 50
    for document in made:
        assert document.blob_sha == blob_sha(document.content)
        place = truth.get(document.id)
        assert (place is not None) == (b"made_up_" in document.content)
        assert (document.provenance.owner == "acme-corp") == bool(place and place.watched)
        if place:
            assert place.secret in document.content
            assert place.repository == document.provenance.repository
    assert sum(bool(p.watched) for p in truth.values()) == 5


def test_it_is_repeatable_and_depends_on_the_seed():
    def contents(seed):
        return [d.content for d in documents(100, 10, 1, seed=seed, maker=made_up)]

    assert contents(1) == contents(1)
    assert contents(1) != contents(2)


def test_it_can_be_read_twice_and_crosses_the_bus():
    stream = documents(10, 1, 0, maker=made_up)
    assert list(stream) == list(stream)
    assert all(d.message().topic == Document.TOPIC for d in stream)


def test_more_watched_than_leaks_is_refused():
    with pytest.raises(ValueError):
        documents(10, 1, 2, maker=made_up)
