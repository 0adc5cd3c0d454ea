from hypothesis import given
from hypothesis import strategies as st

from monitor.collectors.pieces import Pieces


def read(separator, most, *chunks):
    pieces = Pieces(separator, most)
    found = [piece for chunk in chunks for piece in pieces.feed(chunk)]
    return found + pieces.end(), pieces.too_large


def test_pieces_over_chunks():
    assert read(b"\n", 10, b"ab", b"c\nd", b"\n\n", b"e") == ([b"abc", b"d", b"e"], 0)
    assert read(b"\0", 10, b"a\nb\0c\0") == ([b"a\nb", b"c"], 0)
    assert read(b"\n", 10) == ([], 0)


def test_what_is_too_long_is_thrown_away_to_its_end():
    assert read(b"\n", 3, b"abc\nabcd\nx") == ([b"abc", b"x"], 1)
    assert read(b"\n", 3, b"ab", b"cd", b"efghi", b"\nx\n", b"yyyy") == ([b"x"], 2)


@given(st.lists(st.binary(max_size=20), max_size=10), st.integers(1, 8))
def test_nothing_is_lost_or_made_up(chunks, most):
    whole = [piece for piece in b"".join(chunks).split(b"\n") if piece]
    found, too_large = read(b"\n", most, *chunks)
    assert found == [piece for piece in whole if len(piece) <= most]
    assert too_large == len(whole) - len(found)
