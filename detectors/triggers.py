"""Expressions that are no rules: where they hit, a decoder looks. They ride in the rules' own database."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trigger:
    """One expression and the decoder that is asked to look around its hits."""

    decoder: str  # name in detectors.decoders
    expression: str
    caseless: bool = False
