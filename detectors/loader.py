"""The rules of the library and of further files, judged (detectors.rulereader) or from the cache of judged ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from detectors import rulecache, rulefiles
from detectors.files import default_cache
from detectors.ruleset import RuleSet

RULES: Final = Path(__file__).parent / "rules"


def load_rules(extra: Iterable[Path] = (), *, cache_dir: Path | None = None) -> RuleSet:
    """The library's own rules and those of `extra` (TOML files, or folders of them). Blocks on reading local files: a second when
    they must be judged, milliseconds when the cache has the verdict.

    Raises RuleError on the first mistake, OSError as it comes.
    """
    contents = rulefiles.contents([RULES, *extra])
    folder = default_cache() if cache_dir is None else cache_dir
    known = rulecache.stored(rulefiles.digest(contents), folder)
    if known is not None:
        return known
    from detectors import rulereader

    judged = rulereader.read(contents)
    rulecache.store(judged, folder)
    return judged


def load_files(files: Sequence[Path]) -> RuleSet:
    """Exactly these files, judged anew. Raises RuleError, OSError."""
    from detectors import rulereader

    return rulereader.read(rulefiles.contents(files))
