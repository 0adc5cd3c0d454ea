from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.console.pages import Pages

PAGES = Pages()


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=60))
def test_no_text_becomes_markup_or_hides(text):
    hostile = f"<b>\"'&{text}\u202e</b>"
    page = PAGES.show("message.html", {"message": hostile, "signed_in": False, "csrf": ""}).text
    shown = page.partition('<p class="wrong">')[2].partition("</p>\n</main>")[0]
    assert "<" not in shown
    assert '"' not in shown
    assert "\u202e" not in page
    assert "\\u202e" in shown


def test_the_style_has_both_schemes_and_nothing_foreign():
    style = PAGES.style.decode()
    assert "prefers-color-scheme: dark" in style
    assert "url(" not in style
    assert "@import" not in style
