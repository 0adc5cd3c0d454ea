from collections import Counter

from made_up import made_up
from monitor.simulator.model import Planted, Shape
from monitor.simulator.publisher import Mix, Publisher, without_domains
from monitor.simulator.world import World


def published(count, seed=3, **mix):
    world = World(seed)
    publisher = Publisher(world, made_up, Mix(**mix), seed=seed)
    for number in range(count):
        publisher.publish(1000.0 + number)
    return world, publisher


def test_the_same_seed_gives_the_same_world():
    (one, _), (two, _), (other, _) = (published(200, seed, leaks=0.3) for seed in (3, 3, 4))
    assert one.truth == two.truth
    assert one.blobs.keys() == two.blobs.keys()
    assert one.truth != other.truth


def test_the_mix_is_kept():
    world, _ = published(3000, leaks=0.2, watched=0.25, duplicates=0.2)
    reasons = Counter(place.watched for place in world.truth)
    assert 450 < len(world.truth) < 650
    assert 0.17 < (reasons["owner"] + reasons["domain"]) / len(world.truth) < 0.33
    assert len({place.leak for place in world.truth}) < len(world.truth)
    assert {place.source for place in world.truth} == {"github", "gists", "pastebin"}


def test_what_is_nobodys_stands_with_strangers():
    world, _ = published(3000, leaks=0.3)
    for place in world.truth:
        assert (place.owner == "acme-corp") == (place.watched == "owner")
        blob = world.blobs.get(place.blob_sha)
        if blob is not None and not place.watched:
            around = blob[max(0, blob.index(place.secret) - 200) : blob.index(place.secret) + 200]
            earlier = [p.secret for p in world.truth if p.watched == "domain" and p.secret in around]
            assert b"example.com" not in around or earlier


def test_every_shape_is_what_it_says():
    world, publisher = published(300, leaks=0.0, shapes=0.0)
    for shape in Shape:
        place = publisher.leak(5000.0, shape=shape, watched="owner")
        repo = world.find(place.repository)
        commit = repo.commits[place.commit]
        head = next(e for e in world.feed.newest(5000.0) if e.id == place.document).payload["head"]
        assert commit.tree[place.path] == place.blob_sha
        assert place.secret in world.blobs[place.blob_sha]
        assert place.shape == shape
        assert (head in repo.refs.values()) is True
        if shape is Shape.REMOVED:
            assert repo.commits[head].tree.get(place.path) != place.blob_sha
        if shape is Shape.MANY_FILES:
            assert sorted(commit.tree).index(place.path) >= 300


def test_a_leak_anywhere_on_demand():
    world, publisher = published(50, leaks=0.0)
    for kind, source in (("gist", "gists"), ("paste", "pastebin"), ("comment", "github")):
        place = publisher.leak(2000.0, kind=kind, watched="domain")
        assert (place.source, place.watched) == (source, "domain")
    assert b"example.com" in list(world.pastes.values())[-1].content


def test_a_watched_domain_is_taken_out_of_a_strangers_text():
    planted = Planted("db", b"db://u:p@h.example.com/x", b"URL=db://u:p@h.example.com/x")
    made = without_domains(planted, ("example.com",))
    assert b"example.com" not in made.text
    assert made.secret in made.text


def test_clean_publishing_plants_nothing():
    world, _ = published(300, leaks=0.0)
    assert world.truth == []
