"""GitHub: its API, its feeds, pushes and gists, and whose credentials ask."""
