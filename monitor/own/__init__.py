"""The operator's own secrets: read once by the command, kept as keyed hashes, looked up where findings are made."""
