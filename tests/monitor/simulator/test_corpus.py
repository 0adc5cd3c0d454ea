import random

from monitor.simulator.corpus import Corpus
from monitor.simulator.snippets import LANGUAGES


def test_the_plant_stands_on_its_own_lines_in_every_language():
    corpus = Corpus(1)
    for language in LANGUAGES:
        for seed in range(20):
            made = corpus.file(random.Random(seed), plant=b"PLANT one\ntwo\n", language=language, serial=seed)
            assert b"\nPLANT one\ntwo\n" in made.content
            assert made.path.endswith(language.extension)


def test_a_serial_makes_a_text_unlike_any_other():
    corpus = Corpus(1)
    texts = {corpus.file(random.Random(1), serial=n).content for n in range(50)}
    assert len(texts) == 50


def test_an_edit_keeps_what_was_there():
    corpus = Corpus(1)
    rng = random.Random(2)
    old = corpus.file(rng, blocks=4)
    new = corpus.edit(rng, old.path, old.content, plant=b"PLANT")
    assert b"PLANT\n" in new
    rest = iter(new.split(b"\n\n"))
    assert all(block in rest for block in old.content.split(b"\n\n"))  # in the same order


def test_edits_never_cut_what_was_planted():
    corpus = Corpus(1)
    rng = random.Random(4)
    file = corpus.file(rng, plant=b"FIRST\n\nblank line\n\nLAST")
    content = file.content
    for number in range(30):
        content = corpus.edit(rng, file.path, content, plant=b"BEGIN %d\n\nEND %d" % (number, number))
    assert b"FIRST\n\nblank line\n\nLAST" in content
    assert all(b"BEGIN %d\n\nEND %d" % (number, number) in content for number in range(30))


def test_the_noise_is_tempting_and_strangers_only():
    corpus = Corpus(1)
    rng = random.Random(3)
    text = b"".join(corpus.file(rng).content for _ in range(2000))
    for bait in (b"sha256:", b"YOUR_API_KEY_HERE", b"sha512-", b"<your-token-here>", b"_SECRET=${"):
        assert bait in text
    assert b"example.com" not in text
    assert b"{a}" not in text


def test_people_are_nobody():
    people = Corpus(1).people(random.Random(1), 30)
    assert all(person.email.endswith("@mail.example.net") for person in people)
    assert len({person.login for person in people}) == 30
