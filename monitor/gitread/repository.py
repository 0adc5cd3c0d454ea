"""Open a repository, wherever it is, for reading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from monitor.gitread import local, mirror
from monitor.gitread.address import parse
from monitor.gitread.errors import GitError
from monitor.gitread.mirror import Access
from monitor.gitread.process import Git, Leash, Quota

# how forges address a file at a commit, by a word of their host name
_FILE_URLS: Final = {
    "github": "{base}/blob/{commit}/{path}",
    "gitlab": "{base}/-/blob/{commit}/{path}",
    "bitbucket": "{base}/src/{commit}/{path}",
    "codeberg": "{base}/src/commit/{commit}/{path}",
    "gitea": "{base}/src/commit/{commit}/{path}",
}


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository ready to be read. `git` works on a folder of ours; `tips` are the distinct ids that its refs name."""

    forge: str  # host name, "file" for a local one
    name: str  # "owner/name", the absolute path of a local one
    owner: str
    url: str  # web address without credentials, "" for a local one
    git: Git
    tips: tuple[str, ...]

    @property
    def where(self) -> str:
        """What names the repository in ids: its URL, or the path of a local one."""
        return self.url or self.name

    def file_url(self, commit: str, path: str) -> str:
        """Where a person can look at the file, the repository's address where the forge's way is not known."""
        for word, template in _FILE_URLS.items():
            if word in self.forge:
                return template.format(base=self.url, commit=commit, path=quote(path))
        return self.url


def open_repository(
    text: str,
    folder: Path,
    *,
    quota: Quota | None = None,
    access: Access | None = None,
    leash: Leash | None = None,
) -> Repository:
    """Fetch (a URL) or look into (a local path) the repository that `text` names, by way of `folder`, which belongs to it.

    For a URL `folder` is a mirror that is kept and updated, for a path a view that is made anew. Blocking; another thread may cut the
    `leash` to end it. Raises GitError.
    """
    quota, leash = quota or Quota(), leash or Leash()
    target = parse(text)
    if isinstance(target, Path):
        try:
            path = target.expanduser().resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise GitError("not_a_repository", "there is no such folder") from error
        layout = local.locate(path)
        if layout is None:
            raise GitError("not_a_repository", "neither a work tree's root nor a bare repository")
        git, tips = local.view(layout, folder, quota, leash)
        return Repository("file", str(path), "", "", git, tips)
    git = mirror.fetch(target, folder, quota, access or Access(), leash)
    port = f":{target.port}" if target.scheme == "https" and target.port != 443 else ""
    url = f"https://{target.host}{port}/{target.name}"
    return Repository(target.host, target.name, target.owner, url, git, mirror.tips(git))
