"""Sizes that all stages agree on. A module without imports: a scan needs them at its start, and of the contracts nothing else."""

from __future__ import annotations

from typing import Final

MAX_RECORD_BYTES: Final = 8 * 1024 * 1024  # of value; topics allow twice that, see docs/decisions/0002-bus.md

# How every source cuts a long text: content of up to PART_BYTES is one document, and each further part begins at least PART_OVERLAP bytes
# before the end of the one before, so that no secret is cut in two: the longest token is 4 KiB, a private key with 16,384 bits takes
# 13 KiB in PEM.
PART_BYTES: Final = MAX_RECORD_BYTES
PART_OVERLAP: Final = 16 * 1024
