import pytest
from pydantic import ValidationError

from monitor.collectors.paste.site import SiteSettings, recipes

LOCAL = "http://127.0.0.1:1/list"


@pytest.mark.parametrize("name", recipes())
def test_every_recipe_can_be_taken_as_it_is(name):
    recipe = recipes()[name]
    assert isinstance(recipe["verified"], bool)
    assert recipe["about"]
    made = SiteSettings.model_validate(
        {"recipe": name} | ({} if "list_url" in recipe else {"list_url": LOCAL})
    )
    assert made.poll_seconds >= 30


def test_keys_of_the_table_go_before_the_recipes():
    made = SiteSettings.model_validate(
        {"recipe": "glot.io", "list_url": LOCAL, "poll_seconds": 5, "title": "name"}
    )
    assert (made.list_url, made.poll_seconds, made.title, made.files) == (LOCAL, 5, "name", "files")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"kind": "json", "item_url": "{origin}/{id}"}, "id stands"),
        ({"kind": "json", "id": "a..b", "item_url": "{origin}/{id}"}, "path of keys"),
        ({"kind": "json", "id": "a"}, "item_url"),
        ({"kind": "html", "id": "@href", "item_url": "{origin}/{id}"}, "items"),
        ({"kind": "json", "id": "a", "item_url": "{origin}/{id}", "item_kind": "json"}, "text or files"),
        ({"kind": "json", "id": "a", "item_url": "{origin}/{id}", "item_kind": "html"}, "selector"),
        ({"kind": "json", "id": "a", "item_kind": "inline"}, "text stands"),
        ({"kind": "json", "id": "a", "item_url": "{origin}/{id}", "hostss": []}, "hostss"),
        (
            {"kind": "json", "id": "a", "item_url": "{origin}/{id}", "list_url": "https://u:p@h.example/"},
            "login",
        ),
        ({"kind": "json", "id": "a", "item_url": "{id}{"}, "braces"),
        ({"recipe": "nothing"}, "glot.io"),
    ],
)
def test_what_cannot_work_is_refused(values, told):
    with pytest.raises(ValidationError, match=told):
        SiteSettings.model_validate({"list_url": LOCAL} | values)


def test_politeness_cannot_be_configured_away():
    for key, value in (("poll_seconds", 10), ("item_seconds", 0.2)):
        with pytest.raises(ValidationError, match=key):
            SiteSettings.model_validate({"recipe": "glot.io", key: value})
