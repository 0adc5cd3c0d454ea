"""Which files are closed enough to hold a secret."""

from __future__ import annotations

import os
import stat

_ROOT = 0


def others_can_read(info: os.stat_result, *, user: int | None = None) -> bool:
    """Whether somebody but its owner may read (or change) the file of a secret; `user` is who we are (default: this process's).

    One file of another's is closed all the same: root's, that we may only read, through one group. That is how Kubernetes (a Secret with
    fsGroup) and systemd (LoadCredential) hand secrets to a service that is not root; neither can make us the owner.
    """
    mode = stat.S_IMODE(info.st_mode)
    handed_to_us = info.st_uid == _ROOT and info.st_uid != (os.geteuid() if user is None else user)
    return bool(mode & (0o037 if handed_to_us else 0o077))
