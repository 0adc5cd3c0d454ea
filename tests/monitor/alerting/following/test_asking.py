import orjson
import pytest

from monitor.alerting.following.asking import place_of, target_of
from monitor.store.model import Standing

ID = "0123456789abcdef" * 2


def standing(**place):
    return Standing(1, "e", ID, "git", "b" * 40, place)


def test_a_target_says_what_is_needed_and_which_place_it_is_about():
    at = {
        "forge": "github.com",
        "repository": "acme/code",
        "commit": "c" * 40,
        "path": "a.env",
        "line": 3,
        "author": "x",
    }
    target = target_of(standing(**at))

    wanted = {name: at[name] for name in ("forge", "repository", "commit", "path")}
    assert orjson.loads(target) == {"place": ID, "blob": "b" * 40} | wanted
    assert place_of(target) == ID


@pytest.mark.parametrize(
    "place",
    [
        {"forge": "file", "path": "/etc/x"},
        {"forge": "leakstream", "path": "canary"},
        {"forge": "ingest/github.com", "url": "https://github.com/acme/code"},
        {"forge": "pastebin.com", "url": "https://pastebin.com/*****"},
        {"forge": "x.example", "url": "ftp://x.example/a"},
        {"forge": "x.example", "url": "https://x.example/" + "a" * 1000},
        {},
    ],
)
def test_what_has_no_address_is_not_asked(place):
    assert target_of(standing(**place)) == ""


@pytest.mark.parametrize(
    "target", ["", "[]", "{}", "null", '{"place": 5}', '{"place": "abc"}', f'{{"place": "{ID[:-1]}G"}}']
)
def test_what_is_no_target_names_no_place(target):
    assert place_of(target) == ""
