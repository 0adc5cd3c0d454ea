"""Prints docs/reference/metrics.md, or with `objectives` docs/reference/objectives.md."""

import sys

from monitor.metrics import page

print(page.objectives() if sys.argv[1:] == ["objectives"] else page.metrics(), end="")  # noqa: T201 - the page is its output
