"""The raw text of settings: lines of keys, the environment, secrets in the open. How `load` uses them is in test_config.py."""

from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from monitor.configfile import Where, from_environment, inline_secrets

FOLDER = Path("folder")
TEXT = """state = "s"
[bus]
kind = "kafka"
[[sources.ingest.tokens]]
"name" = "a"
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("state",), 1),
        (("bus",), 2),
        (("bus", "kind"), 3),
        (("bus", "kafka", "partitions"), 2),  # the nearest that is there
        (("sources", "ingest", "tokens", "name"), 5),
    ],
)
def test_a_message_names_the_line(keys, line):
    found = Where(Path("c.toml"), TEXT, FOLDER).message(keys, "wrong")
    assert found == f"c.toml:{line}: {'.'.join(keys)}: wrong"


def test_a_key_that_does_not_stand_in_the_file_has_no_line():
    message = Where(Path("c.toml"), TEXT, FOLDER).message(("web", "port"), "wrong")
    assert message == "c.toml: web.port: wrong (set by the environment, or missing)"
    assert Where(None, "", FOLDER).message(("web",), "wrong") == "configuration: web: wrong"


def test_the_environment_is_a_tree_and_the_tests_own_names_are_none_of_it():
    assert from_environment(
        {
            "LEAKSTREAM_BUS__KAFKA__PARTITIONS": "8",
            "LEAKSTREAM_BUS__KIND": "kafka",
            "LEAKSTREAM_TEST_KAFKA": "host:1",
            "PATH": "/bin",
        }
    ) == {"bus": {"kind": "kafka", "kafka": {"partitions": 8}}}


class Token(BaseModel):
    secret: SecretStr
    name: str = ""


class Ingest(BaseModel):
    password: SecretStr | None = None
    tokens: tuple[Token, ...] = ()


def test_secrets_are_found_in_sections_plugins_and_lists_of_tables():
    raw = {
        "bus": {"password": "x"},
        "sources": {"ingest": {"tokens": [{"name": "a"}, {"secret": "x"}]}, "other": {"password": "x"}},
        "watch": {"password": "x"},
    }
    found = inline_secrets(raw, {"bus": Ingest, "ingest": Ingest})
    assert list(found) == [("sources", "ingest", "tokens", "secret"), ("bus", "password")]
