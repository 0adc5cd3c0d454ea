"""What becomes of an exposure, and why."""
