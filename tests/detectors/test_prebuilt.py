"""The wheel brings its compiled rules; a checkout makes them at its first use."""

from pathlib import Path

import detectors
from detectors import Scanner, load_rules

PREBUILT = Path(detectors.__file__).parent / "prebuilt"


def test_an_installed_wheel_compiles_nothing_and_a_checkout_fills_the_cache(tmp_path):
    scanner = Scanner(load_rules(cache_dir=tmp_path), cache_dir=tmp_path)

    assert scanner.scan(b"nothing here") == ()
    assert scanner.databases.second

    made = sorted(path.suffix for path in tmp_path.iterdir())
    assert made == ([] if PREBUILT.is_dir() else [".hsdb", ".hsdb", ".rules", ".triggers"])
