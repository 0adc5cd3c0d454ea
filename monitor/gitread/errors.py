"""The one error of this package. A repository that cannot be read is an outcome, not a programming error."""

from __future__ import annotations

import re
from typing import Final

REASONS: Final = frozenset(
    {
        "bad_address",  # not a URL or path that this package reads
        "refused_protocol",  # neither https nor ssh
        "refused_host",  # the address guard said no
        "unresolved",  # the host has no address
        "unreachable",  # the remote did not answer as git servers do, or refused us
        "timeout",  # a time limit passed
        "too_large",  # a quota on bytes, objects or memory was reached
        "not_a_repository",
        "outside",  # its objects stand outside of it (alternates, links)
        "unsupported",  # a format that this package does not read
        "corrupt",  # objects are missing or broken
        "git_failed",  # anything else that git said
    }
)
_CREDENTIALS: Final = re.compile(r"(?<=//)[^/@\s]*@")


class GitError(Exception):
    """`reason` is a word out of REASONS (a metric label); the text holds no credential and no control character."""

    def __init__(self, reason: str, detail: str = "") -> None:
        assert reason in REASONS
        detail = _CREDENTIALS.sub("***@", "".join(c if c.isprintable() else "?" for c in detail))[:300]
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
