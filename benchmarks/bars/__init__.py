"""The long proofs of docs/evidence: too long for the tests, each with its own command and result."""
