"""The coverage ledger: what was published, what of it we saw, and the proof that we said so then. Pure; knows no stage."""
