"""Bounds of the histograms. The threshold of every objective (monitor.metrics.objectives) is one of them, or its share could only be guessed."""

from __future__ import annotations

from typing import Final

_DAY: Final = 86400

LATENCY: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 7200)
ANSWERS: Final = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.2,
    0.5,
    1,
    2.5,
    5,
    10,
)  # of the console: 0.2 s for a long list
WINDOWS: Final = (60, 300, 900, 3600, 4 * 3600, 12 * 3600, _DAY, 3 * _DAY, 7 * _DAY, 30 * _DAY, 90 * _DAY)
BYTES: Final = (256, 1024, 4096, 16384, 65536, 262144, 1048576, 8388608)
