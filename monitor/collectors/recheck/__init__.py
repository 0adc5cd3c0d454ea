"""Whether a text still stands where it was found: one strategy for each kind of place."""
