from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.addresses import AddressGuard
from monitor.gitread import GitError, Remote, parse
from monitor.gitread.address import addresses


@pytest.mark.parametrize(
    ("text", "url", "host", "port", "name"),
    [
        ("https://git.example/o/n.git", "https://git.example/o/n.git", "git.example", 443, "o/n"),
        ("https://git.example:8443/o/n/", "https://git.example:8443/o/n", "git.example", 8443, "o/n"),
        ("https://u:p@git.example/a/b/c", "https://git.example/a/b/c", "git.example", 443, "a/b/c"),
        ("ssh://git@git.example/o/n.git", "ssh://git@git.example/o/n.git", "git.example", 22, "o/n"),
        ("git@git.example:o/n.git", "ssh://git@git.example/o/n.git", "git.example", 22, "o/n"),
        ("https://[2001:db8::1]/o/n", "https://[2001:db8::1]/o/n", "2001:db8::1", 443, "o/n"),
    ],
)
def test_remotes(text: str, url: str, host: str, port: int, name: str) -> None:
    remote = parse(text)

    assert isinstance(remote, Remote)
    assert (remote.url, remote.host, remote.port, remote.name) == (url, host, port, name)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/srv/repo", "/srv/repo"),
        ("repo", "repo"),
        ("./a:b", "a:b"),
        ("file:///srv/with%20space", "/srv/with space"),
    ],
)
def test_local_paths(text: str, path: str) -> None:
    assert parse(text) == Path(path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "bad_address"),
        ("--upload-pack=touch x", "bad_address"),
        ("-u", "bad_address"),
        ("https://git.example/a\nb", "bad_address"),
        ("https:///o/n", "bad_address"),
        ("https://git.example/", "bad_address"),
        ("https://git.example/o/n?x=1", "bad_address"),
        ("https://git.example:99999/o/n", "bad_address"),
        ("https://-oProxyCommand=x/o/n", "bad_address"),
        ("ssh://-oProxyCommand=x/o/n", "bad_address"),
        ("ssh://-l@git.example/o/n", "bad_address"),
        ("ext::sh -c 'touch x'", "refused_protocol"),
        ("fd::3", "refused_protocol"),
        ("http://git.example/o/n", "refused_protocol"),
        ("git://git.example/o/n", "refused_protocol"),
        ("ftp://git.example/o/n", "refused_protocol"),
        ("file://other.example/o/n", "refused_protocol"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(GitError) as caught:
        parse(text)
    assert caught.value.reason == reason


def test_credentials_leave_the_url_and_every_repr() -> None:
    remote = parse("https://us%40er:p%2Fw@git.example/o/n")

    assert isinstance(remote, Remote)
    assert base64.b64decode(remote.authorization.removeprefix("Basic ")) == b"us@er:p/w"
    assert "p/w" not in repr(remote)
    assert "us@er" not in repr(remote)
    assert remote.url == "https://git.example/o/n"


@given(st.text(max_size=60))
def test_no_text_breaks_it_and_none_becomes_an_option(text: str) -> None:
    try:
        target = parse(text)
    except GitError:
        return
    shown = target.url if isinstance(target, Remote) else str(target)
    assert not shown.startswith("-")
    assert not isinstance(target, Remote) or target.scheme in {"https", "ssh"}


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "[::1]", "169.254.169.254", "localhost", "2130706433"]
)
def test_private_addresses_are_refused(host: str) -> None:
    remote = parse(f"https://{host}/o/n")
    assert isinstance(remote, Remote)

    with pytest.raises(GitError) as caught:
        addresses(remote, AddressGuard())
    assert caught.value.reason == "refused_host"


def test_a_private_host_that_is_named_passes() -> None:
    remote = parse("https://127.0.0.1:8443/o/n")
    assert isinstance(remote, Remote)

    assert addresses(remote, AddressGuard(["127.0.0.1:8443"])) == ["127.0.0.1"]


def test_a_host_without_an_address() -> None:
    remote = parse("https://no-such-host.invalid/o/n")
    assert isinstance(remote, Remote)

    with pytest.raises(GitError) as caught:
        addresses(remote, AddressGuard())
    assert caught.value.reason == "unresolved"
