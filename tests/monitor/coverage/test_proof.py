from contextlib import suppress
from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgers import NOON, SIGNER, STRANGER, blind, chained, cited, poll, push, sealed
from monitor.coverage.answer import Answer, Question, Word, answer
from monitor.coverage.proof import ProofError, chain_from, make, verify

ASKED = Question("github.com", "acme/x", NOON, 60.0, 120.0, ("github_events",))
POLLS = [poll(NOON + 60 * n, None, push("some/body", NOON + 60 * n)) for n in range(-8, 9)]
HIT = poll(NOON, NOON + 61, push(at=NOON + 30))
DARK = [
    *(e for e in POLLS if not NOON - 120 <= e["since"] <= NOON + 180),
    blind(NOON - 120, NOON + 180),
    poll(NOON + 180, overlap=0, full=True),
]


def prove(events, *, signer=SIGNER, seal=True, numbers=None, **other):
    entries = chained(events)
    found = replace(answer(ASKED, [entry.told() for entry in entries]), **other)
    if numbers is None:
        numbers = [found.seen[0].entry] if found.seen else range(1, len(entries) + 1)
    chain = None if seal else chain_from([(n, entries[n - 1]) for n in range(min(numbers), len(entries) + 1)])
    parts = cited(entries, numbers, seal=1 if seal else 0)
    return make(ASKED, found, parts, [sealed(entries)] if seal else [], chain, at=NOON + 100, signer=signer)


CASES = [(Word.SEEN, [*POLLS, HIT]), (Word.NOT_SEEN, POLLS), (Word.BLIND, DARK)]


@pytest.mark.parametrize("seal", [True, False])
@pytest.mark.parametrize(("word", "events"), CASES)
def test_a_proof_holds_with_the_right_key_and_no_other(word, events, seal):
    raw = prove(events, seal=seal)
    for keys in ([], [SIGNER.public], [STRANGER.public, SIGNER.public.upper()]):
        found = verify(raw, keys)
        assert (found.answer.word, found.question, found.keys) == (word, ASKED, (SIGNER.public,))
        assert (found.unsealed == 0, len(found.seals)) == (seal, seal)
    with pytest.raises(ProofError, match=f"signed by another key: {SIGNER.public}"):
        verify(raw, [STRANGER.public])


def test_a_sealed_proof_needs_no_signature_of_its_own_and_an_unsealed_one_does():
    assert verify(prove(POLLS, signer=None), [SIGNER.public]).answer.word is Word.NOT_SEEN
    with pytest.raises(ProofError, match="nothing vouches for it"):
        verify(prove(POLLS, signer=None, seal=False))


@pytest.mark.parametrize("seal", [True, False])
@pytest.mark.parametrize(("word", "events"), CASES)
@settings(max_examples=150)
@given(data=st.data())
def test_no_byte_of_a_proof_can_be_changed(word, events, seal, data):
    raw = bytearray(_cached(word, seal, events))
    whole = orjson.loads(bytes(raw))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 127))
    changed = bytes(raw)
    try:
        if orjson.loads(changed) == whole:
            return
    except orjson.JSONDecodeError:
        pass
    with pytest.raises(ProofError):
        verify(changed, [SIGNER.public])


_PROOFS: dict[tuple[Word, bool], bytes] = {}


def _cached(word, seal, events):
    if (word, seal) not in _PROOFS:
        _PROOFS[word, seal] = prove(events[-8:] if word is Word.SEEN else events, seal=seal)
    return _PROOFS[word, seal]


def changed(raw, change):
    """With the signature taken off."""
    proof = orjson.loads(raw)
    proof.pop("signature", None)
    proof["made"]["key"] = ""
    change(proof)
    return orjson.dumps(proof)


CHANGES = {
    "is not under seal": lambda p: p["entries"][0].update(
        body=p["entries"][0]["body"].replace('"fetched":9', '"fetched":8')
    ),
    "its items are not those": lambda p: p["entries"][3].update(items=p["entries"][2]["items"]),
    "comes without its items": lambda p: p["entries"][8].update(items=""),
    "says that it is entry": lambda p: p["entries"][0].update(seq=2),
    "neither sealed nor in a chain": lambda p: p["entries"][0].update(seal=0),
    "its signature is not that of key": lambda p: p["seals"][0].update(
        body=p["seals"][0]["body"].replace('"number":1', '"number":2')
    ),
    "it cannot be read: KeyError": lambda p: p["entries"][0].update(seal=7),
    "not a proof of the form": lambda p: p.update(more=1),
    "names a key": lambda p: p["made"].update(key=SIGNER.public),
    "no entry shows that anybody looked": lambda p: p.update(entries=[]),
    "it says seen, and the entries do not": lambda p: p["answer"].update(word="seen"),
    "it says blind, and names no reason": lambda p: p["answer"].update(word="blind"),
}


@pytest.mark.parametrize(("said", "change"), CHANGES.items())
def test_what_is_wrong_is_named_without_a_signature_over_all_of_it(said, change):
    with pytest.raises(ProofError, match=said):
        verify(changed(prove(POLLS), change))


def test_it_may_not_say_not_seen_over_an_entry_that_holds_it():
    raw = prove([*POLLS, HIT], numbers=range(1, len(POLLS) + 2), word=Word.NOT_SEEN, seen=())
    with pytest.raises(ProofError, match="it says not seen, and an entry holds it"):
        verify(raw)


def test_it_may_not_say_seen_otherwise_than_the_entry_does():
    entries = chained([*POLLS, HIT])
    found = answer(ASKED, [entry.told() for entry in entries]).seen[0]
    for other in (
        replace(found, outcome="skipped"),
        replace(found, entry=3),
        replace(found, since=NOON - 60),
    ):
        with pytest.raises(ProofError, match="do not hold it so"):
            verify(prove([*POLLS, HIT], seen=(other,), numbers=[len(entries)]))


def test_it_may_not_name_a_blindness_that_nobody_told():
    found = answer(ASKED, [entry.told() for entry in chained(DARK)]).blind[0]
    for other in (replace(found, reason="limit"), replace(found, source="gitlab")):
        with pytest.raises(ProofError, match="no entry tells that"):
            verify(prove(DARK, blind=(other,)))


def test_no_entry_is_refused_where_there_is_one():
    nobody = answer(ASKED, [])
    with pytest.raises(ProofError, match="no entry tells that nobody was blind"):
        verify(prove(POLLS, word=Word.BLIND, blind=nobody.blind, readings=()))
    assert verify(_nobody(nobody)).answer == nobody


def _nobody(found: Answer) -> bytes:
    return make(ASKED, found, [], [], None, at=NOON, signer=SIGNER)


def test_an_entry_out_of_the_chain_is_noticed():
    def shorten(proof):
        proof["chain"]["digests"][0] = "00" * 32

    raw = prove(POLLS, seal=False)
    with pytest.raises(ProofError, match=r"entry \d+ is not in the chain"):
        verify(changed(raw, shorten))


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b"null", b'{"format":"leakstream coverage proof 1"}', b"\xff"]
)
def test_what_is_no_proof_is_said_to_be_none(raw):
    with pytest.raises(ProofError):
        verify(raw)


json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(part=st.sampled_from(["question", "answer", "entries", "seals", "chain", "made"]), value=json)
def test_any_json_in_any_part_is_refused_or_holds(part, value):
    raw = changed(_cached(Word.NOT_SEEN, True, POLLS), lambda proof: proof.update({part: value}))
    with suppress(ProofError):
        assert verify(raw).answer.word is Word.NOT_SEEN
