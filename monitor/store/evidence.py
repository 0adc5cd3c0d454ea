"""What of the ledger an answer needs, and what shows that it is in it. Functions work inside a transaction of the caller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.coverage.answer import CONTEXT, LATE, Question, concerns
from monitor.coverage.chain import Head, LedgerBroken, Told
from monitor.coverage.merkle import Tree
from monitor.coverage.proof import Chain, Cited, chain_from
from monitor.coverage.seals import Seal, Signed, in_order
from monitor.store import ledger
from monitor.store.tables import coverage


async def around(connection: AsyncConnection, question: Question) -> list[Told]:
    """Every entry that says something about the question's window, with its items, and those some minutes before and after it. What a
    feed lists late is looked for in the six hours behind. Raises LedgerBroken.
    """
    since, until = question.window
    told: dict[int, Told] = {}
    async for entry in ledger.overlapping(connection, since - CONTEXT, until + CONTEXT):
        said = entry.told()
        told[said.seq] = said
    async for entry in ledger.overlapping(connection, until + CONTEXT, until + LATE):
        said = entry.told()
        if concerns(question, said.event):
            told[said.seq] = said
    wanted = [each.seq for each in told.values() if each.had_items and concerns(question, each.event)]
    for seq, entry in (await ledger.pick(connection, wanted)).items():
        told[seq] = entry.told()
    return sorted(told.values(), key=lambda each: each.seq)


async def beside(connection: AsyncConnection, at: float) -> list[int]:
    """The last entry that was written up to `at`, and the one after it: between these two nothing was written."""
    query = select(func.max(coverage.c.seq)).where(coverage.c.at <= at)
    last = (await connection.execute(query)).scalar_one_or_none() or 0
    return sorted(await ledger.pick(connection, [last, last + 1]))


async def cite(
    connection: AsyncConnection, numbers: Iterable[int]
) -> tuple[list[Cited], list[Signed], Chain | None]:
    """These entries with their way to a seal or to the head, and the seals. Raises LedgerBroken."""
    found = sorted((await ledger.pick(connection, sorted(numbers))).items())
    signed = await ledger.all_seals(connection)
    seals = [(each, each.seal()) for each in signed]
    trees: dict[int, Tree] = {}
    used: dict[int, Signed] = {}
    cited: list[Cited] = []
    for seq, entry in found:
        over = next((pair for pair in seals if pair[1].first <= seq <= pair[1].last), None)
        if over is None:
            cited.append(Cited(seq, entry))
            continue
        made, seal = over
        if seal.number not in trees:
            trees[seal.number] = await _tree(connection, seal)
            used[seal.number] = made
        cited.append(Cited(seq, entry, seal.number, trees[seal.number].path(seq - seal.first)))
    loose = [each.seq for each in cited if not each.seal]
    chain = None
    if loose:
        rest = [entry async for entry in ledger.entries(connection, first=loose[0])]
        chain = chain_from([(loose[0] + n, entry) for n, entry in enumerate(rest)])
    return cited, list(used.values()), chain


async def _tree(connection: AsyncConnection, seal: Seal) -> Tree:
    leaves = await ledger.hashes(connection, seal.first, seal.last)
    tree = Tree(leaves)
    if tree.root.hex() != seal.root:
        raise LedgerBroken(
            f"the entries of {seal.day} are not those that were sealed: `leakstream coverage check` names them"
        )
    return tree


async def check(connection: AsyncConnection) -> tuple[Head, int, list[Seal]]:
    """Walk the whole chain, its items and its seals: the head, how many entries are still there, and the seals. Raises LedgerBroken."""
    seals = in_order(await ledger.all_seals(connection))
    if seals and seals[0].number != 1:
        raise LedgerBroken(f"seal 1 is missing: the first is {seals[0].number}")
    first = await ledger.first_seq(connection)
    head = start = _start(seals, first)
    due = [seal for seal in seals if seal.last >= seal.first and seal.last > start.seq]
    leaves: list[bytes] = []
    async for entry in ledger.entries(connection, first=start.seq + 1, items=True):
        head = head.after(entry, entry.told())
        leaves.append(head.hash)
        if due and head.seq == due[0].last:
            _compare(due.pop(0), leaves, head)
            leaves = []
    if due:
        raise LedgerBroken(
            f"entries up to {due[0].last} of {due[0].day} are sealed, and the last one is {head.seq}"
        )
    kept = await ledger.head_of(connection)
    if kept.seq and (kept.seq, kept.hash) != (head.seq, head.hash):
        raise LedgerBroken(f"the chain ends at entry {head.seq}, and it was written up to entry {kept.seq}")
    return head, head.seq - start.seq, seals


async def last_sealed(connection: AsyncConnection) -> Head:
    """The head as the last seal says it: from there on nothing vouches for the chain but itself. Raises LedgerBroken."""
    signed = await ledger.last_seal(connection)
    if signed is None:
        return Head()
    seal = signed.seal()
    return Head(seal.last, bytes.fromhex(seal.head))


def _start(seals: Sequence[Seal], first: int | None) -> Head:
    """What the first entry that is still there continues; those before it went by age, and a seal vouches for them."""
    if first == 1 or (first is None and not any(seal.last for seal in seals)):
        return Head()
    last = seals[-1].last if first is None and seals else (first or 1) - 1
    before = next((seal for seal in reversed(seals) if seal.last == last), None)
    if before is None:
        raise LedgerBroken(f"entries before {first} are missing, and no seal ends there")
    return Head(before.last, bytes.fromhex(before.head))


def _compare(seal: Seal, leaves: Sequence[bytes], head: Head) -> None:
    if Tree(leaves).root.hex() != seal.root or head.hash.hex() != seal.head:
        raise LedgerBroken(
            f"seal {seal.number} of {seal.day} is over other entries than {seal.first} to {seal.last}"
        )
