"""A small rule set of every kind for the tests of the engine, and a scanner for it."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from detectors import RuleSet, Scanner
from detectors.beside import Finder
from detectors.loader import load_files
from detectors.stats import Budget

TOML = r"""
title = "Acme"
references = ["https://example.com/tokens"]

[[rule]]
id = "acme-token"
title = "Acme token"
severity = "high"
pattern = 'acme_[0-9A-Za-z]{30}'
examples = ['token={{secret}}', '"{{secret}}"']
negatives = ['acme_{{any:[0-9A-Za-z]{20}}}', 'acme_{{any:[0-9A-Za-z]{31}}}']

[[rule]]
id = "acme-grant"
title = "Acme grant, of varying length"
severity = "high"
pattern = 'agr-[0-9A-Za-z_.-]{20,60}'
examples = ['grant: {{secret}}', 'see {{secret}} there']

[[rule]]
id = "acme-key"
title = "Acme API key"
severity = "medium"
names = ["acme", "am_key"]
value = '[0-9a-f]{32}'
examples = ['ACME_KEY={{secret}}', 'acmeApiKey: "{{secret}}"', 'am-key = "{{secret}}"']
negatives = ['acme_sha1 = {{any:[0-9a-f]{32}}}']

[[rule]]
id = "acme-id"
title = "Acme key id"
severity = "low"
names = ["acme_id"]
value = '[A-Z0-9]{20}'
alone = false
examples = ['acme_id = "{{secret}}"']
negatives = ['acme_id = "{{secret}}"']

[[rule]]
id = "acme-url"
title = "Acme URL with a password"
severity = "high"
pattern = 'acmedb://(?P<user>[a-z]{1,20}):(?P<secret>[^@\s/"]{6,60})@(?P<host>[a-z.]{3,50})'
examples = ['url = "{{secret}}"']

[[rule]]
id = "acme-loop"
title = "An expression only RE2 may confirm"
severity = "low"
pattern = 'aloop:(?:[a-z]{1,8}[a-z0-9]{1,8}){1,6};[0-9]{6}'
examples = ['{{secret}}']

[[rule]]
id = "acme-dump"
title = "Acme user dump"
severity = "high"
line = '[a-z]{3,12}@acme[.]example[.]org:[0-9A-Za-z]{8,20}'
minimum = 4
placeholders = false
examples = ['{{records:6}}']
negatives = ['{{records:3}}']

[[set]]
id = "acme-pair"
title = "Acme id and key"
severity = "critical"
primary = "acme-key"
parts = ["acme-id"]
within = 200
examples = ['''acme_id = "{{rule:acme-id}}"
acme_key = "{{rule:acme-key}}"
''']
"""


def write(folder: Path, text: str = TOML, name: str = "acme") -> Path:
    """A rule file in `folder`."""
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


@functools.cache
def ruleset() -> RuleSet:
    """The rules above."""
    with tempfile.TemporaryDirectory() as folder:
        return load_files([write(Path(folder))])


@functools.cache
def cache() -> tempfile.TemporaryDirectory[str]:
    """One database cache for the whole test run: building one takes a second."""
    return tempfile.TemporaryDirectory(prefix="acme-cache-")


@functools.cache
def scanner() -> Scanner:
    return Scanner(ruleset(), cache_dir=Path(cache().name))


def scanner_with(
    *, budget: Budget | None = None, keep_refuted: bool = False, beside: Finder | None = None
) -> Scanner:
    return Scanner(
        ruleset(), cache_dir=Path(cache().name), budget=budget, keep_refuted=keep_refuted, beside=beside
    )
