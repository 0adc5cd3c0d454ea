"""Plants by a commit in a private test repository of the operator's own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

from monitor.drills.planting import Ground, NotPlanted, Planting
from monitor.gitread.address import Remote
from monitor.gitread.errors import GitError
from monitor.gitread.mirror import Access
from monitor.gitread.process import Quota
from monitor.gitread.push import push_file

_QUOTA: Final = Quota(seconds=60.0, idle_seconds=30.0, pack_bytes=64 * 1024**2, memory_bytes=1024**3)


class RepositoryPlanter:
    """`folder` is where the test repository is mirrored."""

    def __init__(self, remote: Remote, folder: Path, access: Access, *, branch: str, path: str) -> None:
        self.ground = Ground(forge=remote.host, owner=remote.owner, repository=remote.name)
        self._remote = remote
        self._folder = folder
        self._access = access
        self._branch = branch
        self._path = path

    async def plant(self, planting: Planting) -> dict[str, Any]:
        try:
            commit = await asyncio.to_thread(
                push_file,
                self._remote,
                self._folder,
                _QUOTA,
                self._access,
                branch=self._branch,
                path=self._path,
                content=planting.content,
                message=f"leakstream drill {planting.trace}",
                at=planting.at,
            )
        except GitError as error:
            raise NotPlanted(f"the test repository took no push: {error}") from None
        return {"repository": self._remote.name, "forge": self._remote.host, "commit": commit}
