"""Prints docs/reference/metrics.md."""

from monitor.metrics.page import page

print(page(), end="")  # noqa: T201 - the page is the program's output
