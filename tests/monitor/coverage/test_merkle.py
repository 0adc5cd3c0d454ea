import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.coverage.merkle import EMPTY, Tree, root_by


def leaves(count):
    return [hashlib.sha256(b"%d" % n).digest() for n in range(count)]


def by_the_book(entries):
    """RFC 6962, 2.1, word by word."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while 2 * k < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + by_the_book(entries[:k]) + by_the_book(entries[k:])).digest()


@pytest.mark.parametrize("size", range(1, 131))
def test_every_path_of_every_size_leads_to_the_root_of_the_rfc(size):
    entries = leaves(size)
    tree = Tree(entries)
    assert tree.root == by_the_book(entries)
    for n, entry in enumerate(entries):
        path = tree.path(n)
        assert root_by(entry, n, size, path) == tree.root
        assert root_by(hashlib.sha256(entry).digest(), n, size, path) != tree.root
        for cut in (path[:-1], [*path, EMPTY]) if path else ([EMPTY],):
            with pytest.raises(ValueError, match="path is too"):
                root_by(entry, n, size, cut)


def test_no_entries_have_a_root():
    assert Tree([]).root == by_the_book([]) == EMPTY


def test_there_is_no_path_to_what_is_not_there():
    with pytest.raises(IndexError):
        Tree(leaves(3)).path(3)
    for index, size in ((3, 3), (-1, 3), (0, 0)):
        with pytest.raises(ValueError, match="no such leaf"):
            root_by(EMPTY, index, size, [])


@given(size=st.integers(2, 130), data=st.data())
def test_a_path_with_another_byte_leads_elsewhere(size, data):
    tree, n = Tree(leaves(size)), data.draw(st.integers(0, size - 1))
    path = [bytearray(step) for step in tree.path(n)]
    step = data.draw(st.sampled_from(path))
    step[data.draw(st.integers(0, 31))] ^= data.draw(st.integers(1, 255))
    assert root_by(leaves(size)[n], n, size, [bytes(step) for step in path]) != tree.root


@given(size=st.integers(2, 130), data=st.data())
def test_a_path_is_of_one_place(size, data):
    tree, n = Tree(leaves(size)), data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != n))
    with contextlib.suppress(ValueError):
        assert root_by(leaves(size)[n], other, size, tree.path(n)) != tree.root
