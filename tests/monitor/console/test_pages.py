import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.console.pages import Pages

PAGES = Pages()
COMMON = {
    "csrf": "", "who": "ann", "role": "viewer", "may_act": False, "signed_in": False, "now": 0.0, "every": 10.0, "here": "",
    "beat": None, "live": "",
}  # fmt: skip


@settings(max_examples=60)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=60))
def test_no_text_becomes_markup_or_hides(text):
    hostile = f"<b>\"'&{text}\u202e</b>"
    page = PAGES.show("message.html", {**COMMON, "message": hostile}).text
    shown = page.partition('<p class="wrong" role="alert">')[2].partition("</p>\n<p>")[0]
    assert "<" not in shown
    assert '"' not in shown
    assert "\u202e" not in page
    assert "\\u202e" in shown


def test_the_style_has_both_schemes_and_nothing_foreign():
    style = PAGES.static("style.css").body.decode()
    assert "prefers-color-scheme: dark" in style
    assert "prefers-reduced-motion" in style
    assert "@media print" in style
    assert "url(" not in style
    assert "@import" not in style


def test_static_files_are_a_closed_set_and_pages_name_them_with_a_version():
    for name in ("console.js", "icon.svg", "style.css"):
        assert f"/static/{name}?v=" in PAGES.text("message.html", {**COMMON, "message": ""})
        assert PAGES.static(name).headers["Cache-Control"] == "public, max-age=86400"
    with pytest.raises(LookupError):
        PAGES.static("../pages.py")
