"""The version of this program."""

from importlib import metadata


def version() -> str:
    """As the installed distribution has it."""
    return metadata.version("leakstream")
