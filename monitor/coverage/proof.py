"""An answer and what shows that the ledger said so: for whoever has neither our store nor our word.

A proof is one JSON object: the question, the answer, the entries that it rests on (each with its items), for each entry the Merkle path
to a signed seal, or, while its day is not sealed, the chain on to the head; and the signature of whoever made the proof over all of it, where
he could read the ledger's key. `verify` needs nothing else. It shows that the key's holder wrote then what he says now, not that the feed
told him the truth, nor that he shows every entry that there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from monitor.coverage.answer import (
    NO_ENTRY,
    Answer,
    Blind,
    Question,
    Reading,
    Seen,
    Word,
    concerns,
    found,
    is_look,
)
from monitor.coverage.blind import SILENT
from monitor.coverage.chain import Entry, LedgerBroken, Told, canonical, digest_of, link
from monitor.coverage.merkle import root_by
from monitor.coverage.seals import Seal, Signed
from monitor.coverage.signing import Signer, is_signed
from monitor.shape import checked

FORMAT: Final = "leakstream coverage proof 1"
_TAG: Final = b"leakstream coverage proof 1\0"
_PARTS: Final = {"format", "question", "answer", "entries", "seals", "chain", "made"}
_TOUCH: Final = 1.0  # seconds: spans are merged when they touch


class ProofError(Exception):
    """The proof does not hold. The message says where."""


@dataclass(frozen=True, slots=True)
class Cited:
    """An entry with its number, the hashes from its seal's leaf up, and the seal's number; 0 = it is not sealed yet."""

    seq: int
    entry: Entry
    seal: int = 0
    path: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """From the first unsealed entry that is cited to the head: the SHA-256 of each body."""

    first: int
    prev: bytes
    digests: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a proof shows. `seals` are those that it hangs on; `signed` by whoever made it, at `at`."""

    question: Question
    answer: Answer
    keys: tuple[str, ...]
    seals: tuple[Signed, ...]
    unsealed: int  # entries
    at: float


def make(
    question: Question,
    answer: Answer,
    cited: Iterable[Cited],
    seals: Iterable[Signed],
    chain: Chain | None,
    *,
    at: float,
    signer: Signer | None,
) -> bytes:
    """The proof as a file holds it. `seals` are those that `cited` name, `chain` is needed when one is not sealed."""
    proof: dict[str, Any] = {
        "format": FORMAT,
        "question": asdict(question),
        "answer": asdict(answer),
        "entries": [
            {
                "seq": each.seq,
                "body": each.entry.body,
                "prev": each.entry.prev.hex(),
                "items": each.entry.items,
                "seal": each.seal,
                "path": [step.hex() for step in each.path],
            }
            for each in cited
        ],
        "seals": [{"body": seal.body, "signature": seal.signature.hex()} for seal in seals],
        "chain": None
        if chain is None
        else {
            "first": chain.first,
            "prev": chain.prev.hex(),
            "digests": [digest.hex() for digest in chain.digests],
        },
        "made": {"at": at, "key": signer.public if signer else ""},
    }
    if signer:
        proof["signature"] = signer.sign(_TAG, canonical(proof)).hex()
    return orjson.dumps(proof, option=orjson.OPT_INDENT_2)


def verify(raw: bytes, keys: Iterable[str] = ()) -> Verified:
    """What `raw` proves. `keys`: the public keys that are believed; none = those that the proof itself names (then it shows that it is
    of one piece, and who has to answer for it is to be compared). Raises ProofError.
    """
    try:
        proof = orjson.loads(raw)
        if not isinstance(proof, dict) or set(proof) - {"signature"} != _PARTS or proof["format"] != FORMAT:
            raise ProofError(f"not a proof of the form `{FORMAT}`")
        signed = _envelope(proof)
        question, given = _question(proof["question"]), _answer(proof["answer"])
        told, hashes = _entries(proof["entries"])
        seals = [_signed(each) for each in proof["seals"]]
        known = {each.seal().number: each for each in seals}
        unsealed = _placed(proof["entries"], hashes, known, proof["chain"])
        named = {each.seal().key for each in seals} | ({proof["made"]["key"]} if signed else set())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProofError(f"it cannot be read: {type(error).__name__}") from error
    except LedgerBroken as error:
        raise ProofError(str(error)) from error
    if unsealed and not signed:
        raise ProofError(
            "its day is not sealed and the proof is not signed: nothing vouches for it. Ask for it again after the day's end, or as the"
            " service's user, who can read ledger.key"
        )
    if believed := {key.lower() for key in keys}:
        strange = sorted(named - believed)
        if strange:
            raise ProofError(f"it is signed by another key: {', '.join(strange)}")
    _backed(question, given, told)
    at = float(proof["made"]["at"]) if signed else 0.0
    return Verified(question, given, tuple(sorted(named)), tuple(seals), unsealed, at)


def _envelope(proof: Mapping[str, Any]) -> bool:
    """Whether whoever made the proof signed it. Raises ProofError for a wrong signature."""
    made = proof["made"]
    if set(made) != {"at", "key"}:
        raise ProofError("it cannot be read: made")
    if "signature" not in proof:
        if made["key"]:
            raise ProofError("it names a key, and its signature is missing")
        return False
    body = canonical({name: value for name, value in proof.items() if name != "signature"})
    if not is_signed(made["key"], _TAG, body, bytes.fromhex(proof["signature"])):
        raise ProofError("its signature is not of what it says: it was changed after it was made")
    return True


def _question(raw: Any) -> Question:
    known = checked(Question, raw)
    return Question(**{**known, "sources": tuple(known["sources"])})


def _answer(raw: Any) -> Answer:
    def listed(name: str, of: Callable[..., Any]) -> tuple[Any, ...]:
        return tuple(of(**each) for each in raw[name])

    word = Word(raw["word"])
    return Answer(word, listed("seen", Seen), listed("blind", Blind), listed("readings", Reading))


def _signed(raw: Mapping[str, str]) -> Signed:
    return Signed(raw["body"], bytes.fromhex(raw["signature"]))


def _entries(raw: Sequence[Mapping[str, Any]]) -> tuple[list[Told], dict[int, bytes]]:
    told, hashes = [], {}
    for each in raw:
        entry = Entry(each["body"], bytes.fromhex(each["prev"]), each["items"])
        said = entry.told()
        if said.seq != each["seq"] or said.seq in hashes:
            raise ProofError(f"entry {each['seq']} says that it is entry {said.seq}")
        told.append(said)
        hashes[said.seq] = entry.hash
    return told, hashes


def _placed(
    raw: Sequence[Mapping[str, Any]],
    hashes: Mapping[int, bytes],
    seals: Mapping[int, Signed],
    chain: Mapping[str, Any] | None,
) -> int:
    """Every entry is under a seal, or in the chain to the head. Returns how many are in the chain only."""
    loose = [each["seq"] for each in raw if not each["seal"]]
    for each in raw:
        if not each["seal"]:
            continue
        seal: Seal = seals[each["seal"]].seal()
        path = [bytes.fromhex(step) for step in each["path"]]
        root = root_by(hashes[each["seq"]], each["seq"] - seal.first, seal.count, path)
        if root.hex() != seal.root:
            raise ProofError(f"entry {each['seq']} is not under seal {seal.number} of {seal.day}")
    if loose:
        if chain is None:
            raise ProofError(f"entry {loose[0]} is neither sealed nor in a chain")
        seq, prev = chain["first"], bytes.fromhex(chain["prev"])
        linked = {}
        for digest in chain["digests"]:
            prev = linked[seq] = link(prev, bytes.fromhex(digest))
            seq += 1
        for number in loose:
            if linked.get(number) != hashes[number]:
                raise ProofError(f"entry {number} is not in the chain to the head")
    return len(loose)


def _backed(question: Question, given: Answer, told: Sequence[Told]) -> None:
    """The answer says what the entries say. Raises ProofError."""
    hits = found(question, told)
    if given.word is Word.SEEN:
        if not given.seen or not set(given.seen) <= set(hits):
            raise ProofError("it says seen, and the entries do not hold it so")
        return
    if hits or given.seen:
        raise ProofError(f"it says {given.word.value}, and an entry holds it")
    for span in given.blind:
        if not _is_told(span, question, told):
            raise ProofError(f"no entry tells that {span.source or 'nobody'} was blind: {span.reason}")
    bare = next((e.seq for e in told if e.had_items and not e.event.items), None)
    if given.word is Word.NOT_SEEN and bare is not None:
        raise ProofError(f"it says not seen, and entry {bare} comes without its items")
    looked = any(concerns(question, each.event) and is_look(each.event) for each in told)
    if given.word is Word.NOT_SEEN and not looked:
        raise ProofError("it says not seen, and no entry shows that anybody looked")
    if given.word is Word.BLIND and not given.blind:
        raise ProofError("it says blind, and names no reason")


def _is_told(span: Blind, question: Question, told: Sequence[Told]) -> bool:
    if span.reason == NO_ENTRY:
        since, until = question.moment
        return not any(
            e.event.source in question.sources and e.event.since < until and e.event.until > since
            for e in told
        )
    return any(
        e.event.source == span.source
        and (e.event.blind == span.reason or (span.reason == SILENT and not e.event.blind))
        and e.event.since <= span.until + _TOUCH
        and e.event.until >= span.since - _TOUCH
        for e in told
    )


def chain_from(entries: Sequence[tuple[int, Entry]]) -> Chain:
    """Of consecutive entries, the last one being the head."""
    seq, first = entries[0]
    return Chain(seq, first.prev, [digest_of(entry.body) for _, entry in entries])
