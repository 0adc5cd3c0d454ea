"""Build hook of the wheel: judge the rules and compile their database once, here, and not at every user's first start.

The files are named after everything that shaped them (rules, code, the Hyperscan library), so that a wheel used with another
library simply builds its own. Where Hyperscan is not at hand while building, the wheel comes without them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Prebuild(BuildHookInterface[Any]):
    """Puts `detectors/prebuilt/*` into the wheel. An editable install keeps using the user's cache."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        try:
            from detectors import Scanner, load_rules
        except ImportError as error:
            self.app.display_warning(f"without a compiled database: {error}")
            return
        finally:
            sys.path.remove(self.root)
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        _ = Scanner(load_rules(cache_dir=folder), cache_dir=folder).databases.second
        for path in sorted(folder.iterdir()):
            path.chmod(0o644)
            build_data["force_include"][str(path)] = f"detectors/prebuilt/{path.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - the hook's signature
        if hasattr(self, "_folder"):
            self._folder.cleanup()
