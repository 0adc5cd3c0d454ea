"""Git repositories for a source: one look, whose turn it is, which there are."""
