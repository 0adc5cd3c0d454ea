"""The long proofs of docs/evidence: too long for the tests, each with its own command and result."""

import sys
from pathlib import Path

# the bars share some support modules, and the local brokers, with the tests
_ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(_ROOT / "tests" / "support"), str(_ROOT / "deploy" / "kafka")]
