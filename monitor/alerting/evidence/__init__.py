"""Sealed evidence: what of it is kept, and who gets it."""
