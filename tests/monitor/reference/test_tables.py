from monitor.reference.tables import code, table


def test_a_cell_breaks_no_table() -> None:
    assert table(("a", "b"), [("x|y", "one\n two")]) == "| a | b |\n|---|---|\n| x\\|y | one two |\n"


def test_no_rows_are_no_table() -> None:
    assert table(("a",), []) == ""
    assert code("") == ""
