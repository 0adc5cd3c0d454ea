from __future__ import annotations

import pytest

from doc_pages import fences, pages


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-pictures", action="store_true", help="keep the pictures of the console in docs/pictures"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much of the documentation was run, and how much was only read."""
    count = {True: 0, False: 0}
    for page in pages():
        for fence in fences(page):
            if fence.runs or fence.parsed:
                count[fence.runs] += sum(bool(line.strip()) for line in fence.script.splitlines())
    terminalreporter.write_line(f"documentation: {count[True]} lines of commands run, {count[False]} parsed")
