from pathlib import Path

import pytest

from monitor.store.dialect import chunks, database_url


@pytest.mark.parametrize(
    ("where", "driver", "database"),
    [
        ("a/b.db", "sqlite+aiosqlite", "a/b.db"),
        (Path("a/b.db"), "sqlite+aiosqlite", "a/b.db"),
        ("sqlite:///a/b.db", "sqlite+aiosqlite", "a/b.db"),
        ("postgresql://host/name", "postgresql+asyncpg", "name"),
    ],
)
def test_paths_and_urls(where, driver, database):
    url = database_url(where)
    assert (url.drivername, url.database) == (driver, database)


def test_chunks_keep_everything_in_order():
    assert list(chunks(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(chunks([], 2)) == []
