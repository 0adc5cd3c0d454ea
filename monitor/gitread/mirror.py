"""A bare mirror of a remote repository: all its refs, fetched incrementally, within quotas.

Objects stay when refs go: what was force-pushed away or deleted upstream remains readable. A fetch that fails leaves the mirror
as it was (refs move in one transaction after the pack is complete). One process at a time works on a mirror (a lock on it).
"""

from __future__ import annotations

import fcntl
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from monitor.addresses import AddressGuard
from monitor.gitread.address import Remote, addresses
from monitor.gitread.errors import GitError
from monitor.gitread.local import create
from monitor.gitread.process import Git, Quota

_MAX_PACKS = 40


@dataclass(frozen=True, slots=True)
class Access:
    """How remotes are reached.

    `ca_file` replaces the system's certificates; `ssh_key` and `ssh_known_hosts` are files (without them there is no ssh).
    """

    guard: AddressGuard = field(default_factory=AddressGuard)
    ca_file: Path | None = None
    ssh_key: Path | None = None
    ssh_known_hosts: Path | None = None


def fetch(remote: Remote, folder: Path, quota: Quota, access: Access) -> Git:
    """Bring the mirror at `folder` up to date and return a git on it that knows no protocol.

    Blocking for up to `quota.seconds`. Raises GitError; the mirror then stands as before.
    """
    pinned = addresses(remote, access.guard)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder.with_suffix(".lock")):
        if not (folder / "HEAD").exists():
            create(folder, quota)
        used = _clean(folder)
        room = quota.pack_bytes - used
        if room <= 0:
            raise GitError("too_large", "the mirror has reached its quota")
        online = _online(folder, replace(quota, pack_bytes=room), remote, access, pinned)
        _run_fetch(online, remote, quota)
        offline = Git(folder, quota)
        offline.run("pack-refs", "--all", "--prune")
        if len(list((folder / "objects" / "pack").glob("*.pack"))) > _MAX_PACKS:
            offline.run("repack", "-d", "-q", "--geometric=2", seconds=quota.seconds)
    return offline


def tips(git: Git) -> tuple[str, ...]:
    """Distinct ids that the mirror's refs name."""
    return tuple(dict.fromkeys(git.run("for-each-ref", "--format=%(objectname)").decode().split()))


def _run_fetch(git: Git, remote: Remote, quota: Quota) -> None:
    options = (
        *("--quiet", "--prune", "--force", "--atomic", "--no-tags", "--no-write-fetch-head"),
        *("--no-auto-maintenance", "--no-recurse-submodules", "--upload-pack=git-upload-pack"),
    )
    try:
        git.run("fetch", *options, "--", remote.url, "+refs/*:refs/*", seconds=quota.seconds)
    except GitError as error:
        if error.reason in {"git_failed", "corrupt"}:  # what came over the wire was not as it should be
            raise GitError("unreachable", str(error)) from error
        raise


def _online(folder: Path, quota: Quota, remote: Remote, access: Access, pinned: Sequence[str]) -> Git:
    if remote.scheme == "ssh":
        if access.ssh_key is None or access.ssh_known_hosts is None:
            raise GitError("unsupported", "ssh needs a key file and a known_hosts file in the settings")
        options = {
            "BatchMode": "yes",
            "HostKeyAlias": remote.host,
            "HostName": pinned[0],
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "IdentityFile": str(access.ssh_key),
            "GlobalKnownHostsFile": "/dev/null",
            "UserKnownHostsFile": str(access.ssh_known_hosts),
            "StrictHostKeyChecking": "yes",
            "ConnectTimeout": "30",
            "ForwardAgent": "no",
            "ClearAllForwardings": "yes",
        }
        command = ["ssh", "-F", "/dev/null", *(f"-o{name}={value}" for name, value in options.items())]
        return Git(folder, quota, ("ssh",), ssh_command=shlex.join(command))
    shown = ",".join(f"[{a}]" if ":" in a else a for a in pinned)
    config = {
        "http.curloptResolve": f"{remote.host}:{remote.port}:{shown}",
        "http.lowSpeedLimit": "1",
        "http.lowSpeedTime": str(int(quota.idle_seconds)),
    }
    if access.ca_file is not None:
        config["http.sslCAInfo"] = str(access.ca_file)
    if remote.authorization:
        config["http.extraHeader"] = f"Authorization: {remote.authorization}"
    return Git(folder, quota, ("https",), config)


def _clean(folder: Path) -> int:
    """Remove what a killed fetch left; return the bytes of all packs."""
    for lock in folder.rglob("*.lock"):
        lock.unlink(missing_ok=True)
    used = 0
    with os.scandir(folder / "objects" / "pack") as entries:
        for entry in entries:
            if entry.name.startswith(("tmp_", ".tmp")):
                Path(entry.path).unlink(missing_ok=True)
            else:
                used += entry.stat(follow_symlinks=False).st_size
    return used


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
