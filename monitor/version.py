"""The version of this program."""


def version() -> str:
    """As the installed distribution has it."""
    from importlib import metadata  # it takes ten milliseconds: only who asks waits

    return metadata.version("leakstream")
