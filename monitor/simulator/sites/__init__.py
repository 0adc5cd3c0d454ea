"""Fakes of further public sources: one more is one new file with one `SITE`; no list to edit."""
