from __future__ import annotations

import pytest

from detectors.containers import office


@pytest.mark.parametrize(
    ("name", "text", "sheet"),
    [
        ("word/document.xml", True, False),
        ("word/comments.xml", True, False),
        ("ppt/slides/slide3.xml", True, False),
        ("ppt/notesSlides/notesSlide1.xml", True, False),
        ("ppt/slideLayouts/slideLayout1.xml", False, False),
        ("word/media/image1.png", False, False),
        ("xl/worksheets/sheet1.xml", False, True),
        ("xl/styles.xml", False, False),
    ],
)
def test_which_parts_people_write(name: str, *, text: bool, sheet: bool) -> None:
    assert (office.is_text(name), office.is_sheet(name)) == (text, sheet)


def test_runs_of_a_paragraph_are_one_text_and_paragraphs_are_lines() -> None:
    xml = (
        b"<w:body><w:p><w:r><w:t>pass</w:t></w:r><w:r><w:t xml:space='preserve'>word = </w:t></w:r></w:p>"
        b"<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p></w:body>"
    )

    assert office.text(xml) == b"password = \na\tb\nc\n"


def test_slides_have_another_prefix_and_none_is_fine_too() -> None:
    assert office.text(b"<a:p><a:r><a:t>one</a:t></a:r></a:p><p><t>two</t></p>") == b"one\ntwo\n"


def test_references_are_read_and_typographic_quotes_are_plain() -> None:
    xml = "<t>key = \u201cWq7r&amp;T2\u201d \u2018a\u2019&#65;</t>".encode()

    assert office.text(xml) == b"key = \"Wq7r&T2\" 'a'A"


def test_strings_by_number_with_their_runs_joined() -> None:
    xml = b"<sst><si><t>one</t></si><si><r><t>t</t></r><r><t>wo</t></r></si><si/><si></si><si><t>four</t></si></sst>"

    assert office.strings(xml) == [b"one", b"two", b"", b"four"]


def test_a_sheet_by_rows_under_its_columns() -> None:
    xml = (
        b'<row r="1"><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>'
        b'<row r="2"><c t="inlineStr"><is><t>db</t></is></c><c><v>12345</v></c></row>'
    )

    assert office.sheet(xml, [b"name", b"password"]).split(b"\n")[-3:] == [
        b'name = "db"',
        b'password = "12345"',
        b'db = "12345"',
    ]


@pytest.mark.parametrize("number", [b"7", b"-1", b"x", b"999999999999"])
def test_a_number_of_no_shared_string_is_an_empty_cell(number: bytes) -> None:
    xml = b'<row r="1"><c t="s"><v>' + number + b'</v></c><c t="str"><v>text</v></c></row>'

    assert office.sheet(xml, [b"only"]) == b'"text"'
