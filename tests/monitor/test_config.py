"""A wrong configuration gives one message with file, line, key and reason, and never a secret's value."""

import contextlib
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from monitor.config import ConfigError, load, show


class Paste(BaseModel):
    model_config = ConfigDict(extra="forbid")
    poll_seconds: float = Field(60.0, ge=60)
    token: SecretStr | None = None


class Watch(BaseModel):
    model_config = ConfigDict(extra="forbid")
    domains: tuple[str, ...] = ()


def read(tmp_path, text, mode=0o600, **environment):
    path = tmp_path / "leakstream.toml"
    path.write_text(text)
    path.chmod(mode)
    return load(
        path, sections={"watch": Watch}, sources={"paste": Paste}, notifiers={}, environment=environment
    )


def test_defaults_stand_beside_the_file(tmp_path):
    config = read(tmp_path, "")
    assert config.state == tmp_path / "leakstream-state"
    assert config.key_file == tmp_path / "leakstream-state.key"  # outside the state folder
    assert config.web.port == 8686
    assert config.sources == {}


@pytest.mark.parametrize(
    ("text", "line", "key", "reason"),
    [
        ("\nnonsense = 1", 2, "nonsense", "unknown key"),
        ("[bus]\nkind = 'rabbit'", 2, "bus.kind", "embedded"),
        ("[web]\nport = 99999", 2, "web.port", "65535"),
        ("[sources.nope]", 1, "sources.nope", "unknown"),
        ("[sources.paste]\n# fast\npoll_seconds = 1", 3, "sources.paste.poll_seconds", "60"),
        ("[sources.paste]\npol = 1", 2, "sources.paste.pol", "unknown key"),
        ("[watch]\ndomains = 7", 2, "watch.domains", ""),
        ("sources = 3", 1, "sources", "table"),
        ("state = 3", 1, "state", "text"),
        ('state = "s"\nkey_file = "s/in/the.key"', 2, "key_file", "inside the state folder"),
        ('external_url = "leaks.example"', 1, "external_url", "http(s)"),
        ('external_url = "ftp://leaks.example"', 1, "external_url", "http(s)"),
        ('external_url = "https://a:b@leaks.example"', 1, "external_url", "without a login"),
        ('external_url = "https://leaks.example/?x=1"', 1, "external_url", "query"),
        ('external_url = "https://["', 1, "external_url", "http(s)"),
    ],
)
def test_message_names_file_line_key_reason(tmp_path, text, line, key, reason):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'leakstream.toml'}:{line}: {key}: ")
    assert reason in message


def test_broken_toml_is_named(tmp_path):
    with pytest.raises(ConfigError, match="not valid TOML"):
        read(tmp_path, "a = = 1")


def test_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match="leakstream init"):
        load(tmp_path / "none.toml", sections={}, sources={}, notifiers={}, environment={})


def test_environment_wins_and_reads_toml_values(tmp_path):
    config = read(
        tmp_path,
        "[web]\nport = 1",
        LEAKSTREAM_WEB__PORT="2",
        LEAKSTREAM_SOURCES__PASTE__TOKEN="plain text",
        LEAKSTREAM_WATCH__DOMAINS='["example.com"]',
    )
    assert config.web.port == 2
    assert config.sources["paste"].token.get_secret_value() == "plain text"
    assert config.sections["watch"].domains == ("example.com",)


class Sender(BaseModel):
    name: str = ""
    token: SecretStr | None = None


class Ingest(BaseModel):
    tokens: tuple[Sender, ...] = ()


def test_inline_secret_in_a_list_of_tables_stops_as_well(tmp_path):
    path = tmp_path / "leakstream.toml"
    path.write_text('[[sources.ingest.tokens]]\nname = "ci"\ntoken = "hunter2"')
    path.chmod(0o644)
    with pytest.raises(ConfigError, match=r"sources\.ingest\.tokens\.token: a secret in a file that others"):
        load(path, sections={}, sources={"ingest": Ingest}, notifiers={}, environment={})


def test_inline_secret_in_a_readable_file_stops(tmp_path):
    text = "[sources.paste]\ntoken = 'hunter2hunter2'"
    assert read(tmp_path, text).sources["paste"].token is not None
    with pytest.raises(ConfigError, match=r":2: sources\.paste\.token: .*chmod 600") as caught:
        read(tmp_path, text, mode=0o644)
    assert "hunter2" not in str(caught.value)


def test_wrong_secret_is_not_quoted(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "[sources.paste]\ntoken = ['hunter2hunter2']")
    assert "hunter2" not in str(caught.value)


def test_show_masks_secrets(tmp_path):
    shown = show(read(tmp_path, "[sources.paste]\ntoken = 'hunter2hunter2'"))
    assert "hunter2" not in repr(shown)
    assert shown["sources"]["paste"]["poll_seconds"] == 60.0


class File(BaseModel):
    model_config = ConfigDict(frozen=True)
    path: Path | None = None
    more: tuple[Path, ...] = ()


class Files(BaseModel):
    model_config = ConfigDict(frozen=True)
    inner: tuple[File, ...] = ()
    own: Path = Path("beside")


def test_every_relative_path_is_one_beside_the_file(tmp_path):
    (tmp_path / "conf").mkdir()
    path = tmp_path / "conf" / "leakstream.toml"
    path.write_text(
        '[web]\ntoken_file = "web.token"\n[[sources.files.inner]]\npath = "../a"\nmore = ["b", "/c", "~/d"]\n'
    )
    for named in (path, Path("conf/leakstream.toml")):
        with contextlib.chdir(tmp_path):
            config = load(named, sections={}, sources={"files": Files}, notifiers={}, environment={})
        assert config.state == tmp_path / "conf" / "leakstream-state"
        assert config.web.token_file == tmp_path / "conf" / "web.token"
        files = config.sources["files"]
        assert files.own == tmp_path / "conf" / "beside"
        assert files.inner[0].path == tmp_path / "conf" / ".." / "a"
        assert files.inner[0].more == (tmp_path / "conf" / "b", Path("/c"), Path.home() / "d")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("replication = 1", "min_insync = 2 (the default) cannot be more than replication = 1"),
        ("replication = 2\nmin_insync = 3", "min_insync = 3 cannot be more than replication = 2"),
        ('username = "match"', "username is of no use without sasl"),
        ('password = "hidden"', "password is of no use without sasl"),
        ('password_file = "p"', "password_file is of no use without sasl"),
        ('sasl = "PLAIN"\nusername = "match"', "username and one of password and password_file"),
        ('sasl = "PLAIN"\npassword = "hidden"', "username and one of password and password_file"),
        ('cert_file = "c"', "both cert_file and cert_key_file"),
        ('bootstrap = ["b"]', "is not host:port"),
        ('bootstrap = ["b:1"]\nsecurity = "plaintext"', "plaintext to b"),
    ],
)
def test_how_brokers_are_spoken_to_is_whole_or_refused(tmp_path, text, words):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"[bus.kafka]\n{text}")
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'leakstream.toml'}:1: bus.kafka: ")
    assert words in message
    assert "hidden" not in message
