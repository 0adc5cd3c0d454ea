"""Hacker News: items, and the walk along their numbers."""
