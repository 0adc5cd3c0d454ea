"""What becomes of what was published: taken out, cleaned, deleted, hidden, expired, and put back. For one task or thread."""

from __future__ import annotations

from dataclasses import replace

from monitor.simulator.model import Event, Gist, Paste, Repository
from monitor.simulator.world import Change, World


class Fate:
    """Acts on one world. Raises KeyError for what is not there."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._repositories: dict[str, Repository] = {}
        self._gists: dict[str, Gist] = {}
        self._pastes: dict[str, Paste] = {}

    # -- repositories

    def clean(self, full_name: str, path: str, at: float, content: bytes | None = None) -> Event:
        """The head has the file no more, or `content` in its place; the history still shows what it was."""
        return self._world.push(self._repository(full_name), [Change({path: content}, "clean up")], at)

    def rewrite(self, full_name: str) -> None:
        """The head's last commit is as if it had never been, and the server has swept it away."""
        repository = self._repository(full_name)
        gone = repository.commits.pop(repository.head)
        if not gone.parents:
            del repository.refs[repository.default_branch]
        else:
            repository.refs[repository.default_branch] = gone.parents[0]

    def delete(self, full_name: str) -> None:
        """Its owner deletes it; `restore` undoes that, as the owner may."""
        repository = self._repository(full_name)
        self._repositories[full_name.lower()] = repository
        del self._world.repositories[repository.id]

    def restore(self, full_name: str) -> None:
        repository = self._repositories.pop(full_name.lower())
        self._world.repositories[repository.id] = repository

    def hide(self, full_name: str, *, private: bool = True) -> None:
        """Made private, or public again."""
        self._repository(full_name).private = private

    # -- gists and pastes

    def delete_gist(self, gist_id: str) -> None:
        self._gists[gist_id] = self._world.gists.pop(gist_id)

    def restore_gist(self, gist_id: str) -> None:
        self._world.gists[gist_id] = self._gists.pop(gist_id)

    def forget_revisions(self, gist_id: str) -> None:
        """Of a gist nothing is left but what it is now."""
        self._world.gists[gist_id] = replace(self._world.gists[gist_id], before=())

    def expire(self, key: str) -> None:
        """A paste's time is over."""
        self._pastes[key] = self._world.pastes.pop(key)

    def paste_again(self, key: str) -> None:
        self._world.pastes[key] = self._pastes.pop(key)

    def _repository(self, full_name: str) -> Repository:
        found = self._world.find(full_name)
        if found is None:
            raise KeyError(full_name)
        return found
