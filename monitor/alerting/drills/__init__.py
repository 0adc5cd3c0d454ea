"""Drills: what became of what was planted."""
