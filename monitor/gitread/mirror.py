"""A bare mirror of a remote repository: all its refs, fetched incrementally, within quotas.

Objects stay when refs go: what was force-pushed away or deleted upstream remains readable. A fetch that fails leaves the mirror
consistent (refs move one by one after the pack is complete). One process at a time works on a mirror (a lock on it).
"""

from __future__ import annotations

import fcntl
import netrc
import os
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from monitor.addresses import AddressGuard
from monitor.gitread.address import Remote, addresses
from monitor.gitread.errors import GitError
from monitor.gitread.local import create
from monitor.gitread.process import Git, Leash, Quota

_OURS: Final = re.compile(r"[0-9a-f]{32}\.git")
_MAX_PACKS: Final = 40
_NEAR: Final = 4096  # the kernel's limit counts in blocks of 512 bytes


@dataclass(frozen=True, slots=True)
class Access:
    """How remotes are reached.

    `ca_file` replaces the system's certificates; `netrc_file` has logins by host, for https; `ssh_key` and `ssh_known_hosts`
    are files (without them there is no ssh).
    """

    guard: AddressGuard = field(default_factory=AddressGuard)
    ca_file: Path | None = None
    netrc_file: Path | None = None
    ssh_key: Path | None = None
    ssh_known_hosts: Path | None = None

    def login(self, remote: Remote) -> Remote:
        """`remote` with the login that the netrc file has for its host, unless it brought its own. Raises GitError."""
        if self.netrc_file is None or remote.authorization:
            return remote
        try:
            found = netrc.netrc(self.netrc_file).authenticators(remote.host)
        except (OSError, UnicodeDecodeError, netrc.NetrcParseError) as error:
            # neither the text nor the cause is shown: both may quote the file
            raise GitError("bad_address", "the netrc file cannot be read") from (
                error if isinstance(error, OSError) else None
            )
        return replace(remote, login=found[0], password=found[2]) if found else remote


def fetch(remote: Remote, folder: Path, quota: Quota, access: Access, leash: Leash) -> Git:
    """Bring the mirror at `folder` up to date and return a git on it that knows no protocol.

    Blocking for up to `quota.seconds`. Raises GitError; every ref of the mirror then still names what is there.
    """
    pinned = addresses(remote, access.guard)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder.with_suffix(".lock")):
        if not (folder / "HEAD").exists():
            create(folder, quota, leash)
        used = _clean(folder)
        room = quota.pack_bytes - used
        if room <= 0:
            raise GitError("too_large", "the mirror has reached its quota")
        git = online(Git(folder, replace(quota, pack_bytes=room), leash=leash), remote, access, pinned)
        _run_fetch(git, remote, quota)
        offline = Git(folder, quota, leash=leash)
        offline.run("pack-refs", "--all", "--prune")
        if len(list((folder / "objects" / "pack").glob("*.pack"))) > _MAX_PACKS:
            offline.run("repack", "-d", "-q", "--geometric=2", seconds=quota.seconds)
    return offline


def tips(git: Git) -> tuple[str, ...]:
    """Distinct ids that the mirror's refs name."""
    return tuple(dict.fromkeys(git.run("for-each-ref", "--format=%(objectname)").decode().split()))


def forget(parent: Path, keep: Iterable[Path]) -> int:
    """Remove the mirrors and views below `parent` that are not in `keep`, and return how many went; those that a fetch of another
    process holds stay, and so does whatever is not named by 32 hex digits, which is not ours. Blocking. Raises OSError.
    """
    kept = set(keep)
    gone = 0
    for folder in list(parent.glob("*.git")):
        if folder in kept or not _OURS.fullmatch(folder.name):
            continue
        lock = folder.with_suffix(".lock")
        try:
            with _locked(lock, wait=False):
                if folder.exists():  # else another process that starts now was faster
                    shutil.rmtree(folder)
                lock.unlink(missing_ok=True)
        except BlockingIOError:
            continue
        gone += 1
    return gone


def can_pin(version: str) -> bool:
    """Whether this git knows http.curloptResolve (2.37, July 2022); an older one would ignore it in silence."""
    found = re.search(r"(\d+)\.(\d+)", version)
    return found is not None and (int(found[1]), int(found[2])) >= (2, 37)


def _run_fetch(git: Git, remote: Remote, quota: Quota) -> None:
    options = (
        *("--quiet", "--prune", "--force", "--no-tags", "--no-write-fetch-head"),
        *("--no-auto-maintenance", "--no-recurse-submodules", "--upload-pack=git-upload-pack"),
    )
    try:
        git.run("fetch", *options, "--", remote.url, "+refs/*:refs/*", seconds=quota.seconds)
    except GitError as error:
        if (
            _unfinished(git.git_dir) + _NEAR >= git.quota.pack_bytes
        ):  # git does not pass on why its helper died
            raise GitError("too_large", "the fetch reached its quota") from error
        if error.reason in {"git_failed", "corrupt"}:  # what came over the wire was not as it should be
            raise GitError("unreachable", str(error)) from error
        raise


def _unfinished(folder: Path) -> int:
    """The size of the largest pack that was being written."""
    found = (folder / "objects" / "pack").glob("tmp_*")
    return max((file.stat().st_size for file in found), default=0)


def online(git: Git, remote: Remote, access: Access, pinned: Sequence[str]) -> Git:
    """`git` as it may speak to `remote` at the addresses `pinned`, and to nobody else. Raises GitError (unsupported)."""
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
        return replace(git, protocols=("ssh",), ssh_command=shlex.join(command))
    if not can_pin(git.run("version").decode()):
        raise GitError(
            "unsupported", "git 2.37 or later is needed to read from https: earlier ones resolve names again"
        )
    shown = ",".join(f"[{a}]" if ":" in a else a for a in pinned)
    config = {
        "http.curloptResolve": f"{remote.host}:{remote.port}:{shown}",
        "http.lowSpeedLimit": "1",
        "http.lowSpeedTime": str(int(git.quota.idle_seconds)),
    }
    if access.ca_file is not None:
        config["http.sslCAInfo"] = str(access.ca_file)
    if authorization := access.login(remote).authorization:
        config["http.extraHeader"] = f"Authorization: {authorization}"
    return replace(git, protocols=("https",), config=config)


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
def _locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Raises BlockingIOError when somebody else has it and `wait` is false."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)
