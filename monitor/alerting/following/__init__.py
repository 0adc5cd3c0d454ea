"""Whether a leak still stands where it was seen."""
