"""Lines and columns for people, in texts and in diffs."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.matcher.lines import Positions

DIFF = b"""--- a/x
+++ b/x
@@ -10,4 +20,5 @@ def f():
 same
-gone secret
+new one
+new two
 same
@@ -50 +61,2 @@
+late
"""


def position(content, offset, *, first_line=1):
    return Positions(content, first_line=first_line).of(offset)


def diff_position(content, offset):
    return Positions(content, diff=True).of(offset)


def test_first_line_and_column():
    assert position(b"ab\ncd", 0) == (1, 1)
    assert position(b"ab\ncd", 4) == (2, 2)
    assert position(b"ab\ncd", 4, first_line=10) == (11, 2)


def test_diff_counts_the_new_file():
    assert diff_position(DIFF, DIFF.index(b"new one") + 4) == (21, 5)
    assert diff_position(DIFF, DIFF.index(b"new two") + 4) == (22, 5)
    assert diff_position(DIFF, DIFF.index(b"late")) == (61, 1)


def test_the_own_line_of_a_diff_is_counted_from_its_first() -> None:
    diff = b"+++ b/x\n@@ -1,2 +40,3 @@\n same\n+k = v\n"
    positions = Positions(diff, first_line=10, diff=True)
    assert positions.of(diff.index(b"k")) == (41, 1)
    assert positions.own_line(diff.index(b"k")) == 13


def test_removed_line_counts_the_old_file():
    assert diff_position(DIFF, DIFF.index(b"secret")) == (11, 6)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_never_raises_and_counts_from_one(content, offset):
    offset = min(offset, len(content))
    for line, column in (position(content, offset), diff_position(content, offset)):
        assert line >= 0
        assert column >= 1


@given(
    st.lists(
        st.sampled_from([b"\n", b"a", b"-", b"+", b"@@ -1 +7 @@", b"\n@@ -3,2 +9,4 @@ x\n"]), max_size=40
    ),
    st.data(),
)
def test_one_for_all_answers_as_one_for_each(pieces, data):
    content = b"".join(pieces)
    offsets = data.draw(st.lists(st.integers(0, len(content)), max_size=8))
    for diff in (False, True):
        shared = Positions(content, diff=diff)
        assert [shared.of(at) for at in offsets] == [Positions(content, diff=diff).of(at) for at in offsets]
