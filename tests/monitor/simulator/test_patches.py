import re

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.simulator.patches import MAX_PATCH_LINES, diff

LINES = st.lists(st.sampled_from(["a", "b", "c", "", " x"]), max_size=12)


def applied(old, patch):
    """`old` with `patch` applied, as a careful reader of diffs does it."""
    lines = old.split("\n")[:-1]
    head, *body = patch.split("\n")
    start, count, _, length = re.fullmatch(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", head).groups()
    count, length = int(count or 1), int(length or 1)
    first = int(start) - (1 if count else 0)
    assert [line[1:] for line in body if line[0] in " -"] == lines[first : first + count]
    new = [line[1:] for line in body if line[0] in " +"]
    assert len(new) == length
    return "".join(line + "\n" for line in lines[:first] + new + lines[first + count :])


@settings(max_examples=200)
@given(LINES, LINES)
def test_a_patch_turns_the_old_text_into_the_new(old, new):
    before, after = ("".join(line + "\n" for line in lines) for lines in (old, new))
    made = diff(before.encode(), after.encode())
    if before == after:
        assert made.patch == ""
    else:
        assert applied(before, made.patch) == after
        assert made.patch.count("\n+") == made.additions
        assert made.patch.count("\n-") == made.deletions


def test_binary_and_oversized_files_have_no_patch():
    assert diff(b"", b"a\0b").patch is None
    long = diff(b"", b"x\n" * (MAX_PATCH_LINES + 1))
    assert (long.patch, long.additions) == (None, MAX_PATCH_LINES + 1)
    assert diff(b"", b"x" * 500_001).patch is None


def test_a_missing_line_end_is_told():
    assert diff(b"", b"a").patch == "@@ -0,0 +1 @@\n+a\n\\ No newline at end of file"
