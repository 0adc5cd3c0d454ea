"""Paste sites that the configuration describes: their lists, items and character sets."""
