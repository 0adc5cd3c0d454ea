"""The long proofs of docs/evidence: too long for the tests, each with its own command and result."""

import sys
from pathlib import Path

# the bars share some support modules with the tests
sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "support"))
