"""The rate of the world over time, out of windows that show it for two seconds in sixty.

The rate is the same within a cell of time (half a minute); from one cell to the next its logarithm makes a step drawn from

    0.90 Laplace(s)  +  0.08 Laplace(5 s)  +  0.02 Laplace(0.7)

that is: it mostly drifts, at times it runs, and now and then it jumps (0.7 = it doubles). A window shows its cell's rate with a
noise `n` beyond chance. `s` and `n` are not known: the model is run for each pair of SCALES and NOISES, and the runs are averaged
by how well each explains the windows. It is a local-level model as in a Kalman filter,
but on a grid of rates (steps of 3 %) instead of with Gaussians, since a window of a second may say no more than "at least
150 a second". Forward over the windows, then backward, gives every cell its distribution from what came before and after it;
between two windows, and the more so in an outage, the distribution widens by itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from monitor.coverage.windows import Window

CELL: Final = 30.0  # seconds
# of a step's logarithm -> how likely before any window is seen: the world mostly drifts
SCALES: Final[Mapping[float, float]] = {0.005: 0.5, 0.02: 0.35, 0.06: 0.15}
# the same of a window's own noise: by how much two seconds of the world differ from the minute around them
NOISES: Final[Mapping[float, float]] = {0.0: 0.6, 0.1: 0.25, 0.2: 0.15}
_ROUGH_SCALE: Final[Mapping[float, float]] = {0.02: 1.0}
_ROUGH_NOISE: Final[Mapping[float, float]] = {0.1: 1.0}
_MIX: Final = ((0.90, 1.0), (0.08, 5.0))
_JUMP: Final = (0.02, 0.7)
_STEP: Final = 0.03
_MOST: Final = 400  # points of the grid
_MARGIN: Final = 1.2  # how far the grid goes beyond what any window says, as a logarithm
_NEGLIGIBLE: Final = 0.02  # a run of less weight is left out


@dataclass(frozen=True, slots=True)
class Path:
    """`cells[i]`: the weights of `rates` (items a second, ascending, log-evenly spaced) from `start + i * CELL` on. They add up to 1."""

    start: float
    rates: Sequence[float]
    cells: Sequence[Sequence[float]]

    @property
    def step(self) -> float:
        """Between two logarithms of the grid."""
        return math.log(self.rates[1] / self.rates[0])

    def quantile(self, cell: int, share: float) -> float:
        """The rate that the cell's true one is below with probability `share`."""
        below = 0.0
        for rate, weight in zip(self.rates, self.cells[cell], strict=True):
            if below + weight >= share:
                inside = (share - below) / weight if weight else 0.5
                return rate * math.exp((inside - 0.5) * self.step)
            below += weight
        return self.rates[-1]


def path(windows: Sequence[Window], start: float, cells: int, *, rough: bool = False) -> Path:
    """The rate in `cells` cells from `start` on. At least one window; those outside of the cells are left out.

    `rough` = one run only, a tenth of the time.
    """
    rates = _grid(windows)
    step = math.log(rates[1] / rates[0])
    seen = [(math.floor((w.middle - start) / CELL), w.likelihood(rates)) for w in windows]
    seen = [(cell, found) for cell, found in seen if 0 <= cell < cells]
    runs = []
    for noise, noisy in (_ROUGH_NOISE if rough else NOISES).items():
        evidence = _evidence(seen, noise / step)
        for scale, likely in (_ROUGH_SCALE if rough else SCALES).items():
            kernels = _kernels(scale, step)
            log, forward = _forward(kernels, evidence, len(rates), cells)
            runs.append((log + math.log(noisy * likely), kernels, evidence, forward))
    best = max(log for log, *_ in runs)
    runs = [run for run in runs if run[0] > best + math.log(_NEGLIGIBLE)]
    total = [[0.0] * len(rates) for _ in range(cells)]
    for log, kernels, evidence, forward in runs:
        share = math.exp(log - best)
        for cell, found in enumerate(_backward(kernels, evidence, forward)):
            total[cell] = [a + share * b for a, b in zip(total[cell], found, strict=True)]
    return Path(start, rates, [_normal(cell)[0] for cell in total])


def _grid(windows: Sequence[Window]) -> list[float]:
    rough = [window.rate for window in windows]
    low, high = math.log(min(rough)) - _MARGIN, math.log(max(rough)) + _MARGIN
    step = max(_STEP, (high - low) / _MOST)
    return [math.exp(low + i * step) for i in range(math.ceil((high - low) / step) + 1)]


def _evidence(seen: Sequence[tuple[int, list[float]]], noise: float) -> dict[int, list[float]]:
    """What the windows say of each cell, each with a noise of that many steps of the grid."""
    evidence: dict[int, list[float]] = {}
    for cell, likelihood in seen:
        found = _moved(likelihood, [(1.0, _ratio(noise / math.sqrt(2.0)))]) if noise else likelihood
        former = evidence.get(cell)
        evidence[cell] = found if former is None else [a * b for a, b in zip(former, found, strict=True)]
    return evidence


def _kernels(scale: float, step: float) -> list[tuple[float, float]]:
    """(share, ratio) of each part of the mixture, as a two-sided geometric step on the grid."""
    parts = [*((share, factor * scale) for share, factor in _MIX), _JUMP]
    return [(share, _ratio(width / step)) for share, width in parts]


def _ratio(width: float) -> float:
    """The q of a geometric with the variance of Laplace(width): 2 q / (1 - q)^2 = 2 width^2, in steps of the grid."""
    v = width * width
    return (2.0 * v + 1.0 - math.sqrt(4.0 * v + 1.0)) / (2.0 * v)


def _moved(weights: Sequence[float], kernels: Sequence[tuple[float, float]]) -> list[float]:
    moved = [0.0] * len(weights)
    for share, q in kernels:
        up = list(accumulate(weights, lambda sum_, w, q=q: sum_ * q + w))  # type: ignore[misc]
        down = list(accumulate(reversed(weights), lambda sum_, w, q=q: sum_ * q + w))  # type: ignore[misc]
        down.reverse()
        scale = share * (1.0 - q) / (1.0 + q)
        moved = [m + scale * (u + d - w) for m, u, d, w in zip(moved, up, down, weights, strict=True)]
    return moved


def _normal(weights: Sequence[float]) -> tuple[list[float], float]:
    total = sum(weights)
    return [weight / total for weight in weights], total


def _forward(
    kernels: Sequence[tuple[float, float]], evidence: Mapping[int, Sequence[float]], points: int, cells: int
) -> tuple[float, list[list[float]]]:
    """The logarithm of how likely the windows are, and each cell's weights from the windows up to it."""
    now, log, found = [1.0 / points] * points, 0.0, []
    for cell in range(cells):
        if cell:
            now = _moved(now, kernels)
        if cell in evidence:
            now = [a * b for a, b in zip(now, evidence[cell], strict=True)]
        now, total = _normal(now)
        log += math.log(total)
        found.append(now)
    return log, found


def _backward(
    kernels: Sequence[tuple[float, float]],
    evidence: Mapping[int, Sequence[float]],
    forward: Sequence[Sequence[float]],
) -> list[list[float]]:
    """Each cell's weights from all windows."""
    later = [1.0] * len(forward[0])
    found = []
    for cell in range(len(forward) - 1, -1, -1):
        weights, _ = _normal([a * b for a, b in zip(forward[cell], later, strict=True)])
        found.append(weights)
        if cell in evidence:
            later = [a * b for a, b in zip(later, evidence[cell], strict=True)]
        later, _ = _normal(_moved(later, kernels))
    found.reverse()
    return found
