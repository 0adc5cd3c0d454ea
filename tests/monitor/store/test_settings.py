"""`[store]`: where it says the store is, and that no password stands where others read it."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from monitor.app import load_config
from monitor.config import Config, ConfigError, show
from monitor.store.settings import StoreSettings


def config(folder: Path, table: str, *, mode: int = 0o600, **environment: str) -> Config:
    path = folder / "leakstream.toml"
    path.write_text(f"[store]\n{table}\n")
    path.chmod(mode)
    return load_config(path, environment)


def settings(loaded: Config) -> StoreSettings:
    found = loaded.sections["store"]
    assert isinstance(found, StoreSettings)
    return found


def test_a_file_in_the_state_folder_unless_one_line_says_else(tmp_path: Path) -> None:
    plain = settings(config(tmp_path, ""))
    assert plain.is_file
    assert plain.place(tmp_path).database == str(tmp_path / "store.db")
    assert plain.collectors_place(tmp_path).database == str(tmp_path / "collectors.db")
    server = settings(config(tmp_path, 'url = "postgresql://leak@db.example.com:5433/leaks"', mode=0o644))
    url = server.place(tmp_path)
    assert not server.is_file
    assert (url.drivername, url.username, url.password) == ("postgresql+asyncpg", "leak", None)
    assert (url.host, url.port, url.database) == ("db.example.com", 5433, "leaks")
    assert server.collectors_place(tmp_path).database == str(tmp_path / "collectors.db")


def test_collectors_may_share_it(tmp_path: Path) -> None:
    shared = settings(config(tmp_path, 'url = "postgres://leak@127.0.0.1/leaks"\ncollectors = true'))
    assert shared.collectors_place(tmp_path) == shared.place(tmp_path)


def test_the_password_comes_from_a_file_the_environment_or_the_whole_url(tmp_path: Path) -> None:
    password = secrets.token_hex(12)
    line = 'url = "postgresql://leak@127.0.0.1/leaks"'
    (tmp_path / "password").write_text(f"{password}\n")
    (tmp_path / "url").write_text(f"postgresql://leak:{password}@127.0.0.1/leaks\n")
    for table, environment in (
        (f'{line}\npassword_file = "password"', {}),
        (f'{line}\npassword = "{password}"', {}),
        ('url_file = "url"', {}),
        (line, {"LEAKSTREAM_STORE__PASSWORD": f'"{password}"'}),
    ):
        loaded = config(tmp_path, table, **environment)
        url = settings(loaded).place(tmp_path)
        assert url.password == password
        assert password not in f"{url} {url!r} {loaded!r} {show(loaded)}"


def test_a_password_that_others_can_read_stops_the_start(tmp_path: Path) -> None:
    password = secrets.token_hex(12)
    line = 'url = "postgresql://leak@127.0.0.1/leaks"'
    with pytest.raises(
        ConfigError, match=r"store\.password: a secret in a file that others can read"
    ) as caught:
        config(tmp_path, f'{line}\npassword = "{password}"', mode=0o644)
    assert password not in str(caught.value)
    for mode in (0o644, 0o600):
        with pytest.raises(ConfigError, match="it holds a password; give that as password") as caught:
            config(tmp_path, f'url = "postgresql://leak:{password}@127.0.0.1/leaks"', mode=mode)
        assert password not in str(caught.value)
    with pytest.raises(ConfigError, match="it holds a password"):
        config(tmp_path, f'url = "postgresql://127.0.0.1/leaks?password={password}"')


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('url = "mysql://a@b/c"', "no URL of a PostgreSQL database"),
        ('url = "postgresql://a@b"', "no URL of a PostgreSQL database"),
        ('url = "postgresql://a@b:port/c"', "it is no URL"),
        (
            'url = "postgresql://a@b/c?sslmode=prefer"',
            "sslmode = 'prefer' is not known; there are disable, require",
        ),
        ('url = "postgresql://a@b/c?options=x"', "parameter 'options' is none that is known here"),
        ('url = "postgresql://a@b/c?port=x"', "port is no number"),
        ('url = "postgresql://a@b/c"\nurl_file = "x"', "give url or url_file, not both"),
        ('url = "postgresql://a@b/c"\npassword = "x"\npassword_file = "x"', "give password or password_file"),
        ('password = "x"', "password is of no use without url"),
        ("collectors = true", "collectors is of no use without url"),
        ('path = "x"', "unknown key"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, table: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=r"store.*: ") as caught:
        config(tmp_path, table)
    assert reason in str(caught.value)


def test_a_file_with_nothing_usable_in_it_is_refused(tmp_path: Path) -> None:
    password = secrets.token_hex(12)
    loaded = settings(config(tmp_path, 'url_file = "url"'))
    with pytest.raises(FileNotFoundError):
        loaded.place(tmp_path)
    (tmp_path / "url").write_text("\n")
    with pytest.raises(ValueError, match="url is empty"):
        loaded.place(tmp_path)
    (tmp_path / "url").write_text(f"mysql://a:{password}@b/c")
    with pytest.raises(ValueError, match="no URL of a PostgreSQL") as caught:
        loaded.place(tmp_path)
    assert password not in str(caught.value)
    (tmp_path / "url").write_text(f"postgresql://a:{password}@b/c")
    twice = settings(config(tmp_path, 'url_file = "url"\npassword = "x"'))
    with pytest.raises(ValueError, match="leave out password and password_file"):
        twice.place(tmp_path)
