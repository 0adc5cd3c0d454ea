"""The root of the repository is not importable here, so that what is tested is the installed wheel. The benchmarks are no part of
the wheel; they are put in by their own path.
"""

import asyncio
import importlib.util
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import structlog
import uvloop
from hypothesis import settings

from alerting_samples import OPENED, STORE_URL
from kafka_fixture import broker
from localpostgres import LocalPostgres

_FOLDER = Path(__file__).parents[1] / "benchmarks"

if importlib.util.find_spec("benchmarks") is None:
    _spec = importlib.util.spec_from_file_location(
        "benchmarks", _FOLDER / "__init__.py", submodule_search_locations=[str(_FOLDER)]
    )
    assert _spec is not None
    assert _spec.loader is not None
    _package = importlib.util.module_from_spec(_spec)
    sys.modules["benchmarks"] = _package
    _spec.loader.exec_module(_package)

# a test measures no speed: under load an example takes as long as it takes
settings.register_profile("here", deadline=None)
settings.load_profile("here")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of the product: it answers some faults (a closed pipe) in another way than asyncio's own."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def unconfigured_logging() -> Iterator[None]:
    """What a test made of logging ends with it: the stream it named is closed by then."""
    root = logging.getLogger()
    level = root.level
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        root.setLevel(level)
        for handler in list(root.handlers):
            if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter):
                root.removeHandler(handler)


@pytest.fixture(scope="session")
def postgres() -> Iterator[LocalPostgres]:
    """A server that all tests of this run share; `database` makes one of your own."""
    with LocalPostgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
async def each_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The test runs on both stores: `open_store(tmp_path)` opens the one whose name this is."""
    OPENED.clear()
    if request.param == "sqlite":
        yield request.param
        return
    server: LocalPostgres = request.getfixturevalue("postgres")
    with server.database() as url:
        (tmp_path / STORE_URL).write_text(url)
        yield request.param
        while OPENED:  # of a test that failed: with a connection to a server uvloop does not close
            await OPENED.pop().close()


_SAID = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[str]:
    """`host:port` of a broker that all tests of this run share: use topics and groups with a prefix of your own."""
    said = pytestconfig.stash.setdefault(_SAID, [])
    with broker(tmp_path_factory.mktemp("kafka"), said.append) as bootstrap:
        yield bootstrap


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for text in config.stash.get(_SAID, []):
        terminalreporter.section("Kafka", yellow=True)
        terminalreporter.line(text, yellow=True)
