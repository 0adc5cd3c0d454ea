"""Stack Exchange: its API and its posts."""
