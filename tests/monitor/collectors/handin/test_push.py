from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collectors.handin.push import delivery_key, read_github, read_gitlab

HEAD = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7"


def github(**other):
    return {
        "ref": "refs/heads/main",
        "before": "0" * 40,
        "after": HEAD,
        "repository": {
            "full_name": "acme/code",
            "owner": {"login": "acme"},
            "html_url": "https://github.com/acme/code",
            "clone_url": "https://github.com/acme/code.git",
        },
        "commits": [
            {
                "id": HEAD,
                "message": "add KEY=1",
                "timestamp": "2026-06-01T17:00:00+02:00",
                "url": f"https://github.com/acme/code/commit/{HEAD}",
                "author": {"name": "Ann", "email": "ann@mail.example.net", "username": "ann"},
            }
        ],
    } | other


def gitlab(**other):
    return {
        "object_kind": "push",
        "after": HEAD,
        "ref": "refs/heads/main",
        "project": {
            "path_with_namespace": "acme/team/code",
            "web_url": "https://git.acme.test/acme/team/code",
            "git_http_url": "https://git.acme.test/acme/team/code.git",
        },
        "commits": [{"id": HEAD, "message": "a\n\nb", "title": "a", "author": {"name": "Ann"}}],
        "total_commits_count": 40,
    } | other


def test_githubs_push():
    found = read_github(github(), source="ingest", now=5.0)
    (document,) = found.documents
    assert document.content == b"add KEY=1"
    assert document.id == f"github.com:acme/code:{HEAD}:message"
    assert document.published_at == 1780326000.0
    place = document.provenance
    assert (place.forge, place.repository, place.owner) == ("github.com", "acme/code", "acme")
    assert (place.commit, place.author, place.ref) == (HEAD, "Ann", "refs/heads/main")
    (request,) = found.requests
    assert (request.kind, request.source, request.target) == (
        "sweep",
        "git",
        "https://github.com/acme/code.git",
    )
    assert request.requested_at == 5.0


def test_gitlabs_push():
    found = read_gitlab(gitlab(), source="ingest", now=5.0)
    assert [d.content for d in found.documents] == [b"a\n\nb"]
    place = found.documents[0].provenance
    assert (place.forge, place.repository, place.owner) == ("git.acme.test", "acme/team/code", "acme/team")
    assert found.requests[0].target == "https://git.acme.test/acme/team/code.git"
    other = gitlab(commits=[{"id": HEAD, "message": "b", "title": "a"}])
    assert [d.content for d in read_gitlab(other, source="ingest", now=5.0).documents] == [b"b", b"a"]


def test_a_deleted_branch_is_nothing():
    found = read_github(github(after="0" * 40), source="ingest", now=5.0)
    assert (found.documents, found.requests) == ((), ())


def test_only_https_without_a_login_is_fetched():
    for url in ("file:///etc", "git://h/x", "ext::sh", "http://h/x", "https://u:p@h/x", ""):
        payload = github()
        payload["repository"]["clone_url"] = url
        found = read_github(payload, source="ingest", now=5.0)
        assert found.refused
        assert found.requests == ()
        assert len(found.documents) == 1


def test_a_delivery_is_named_by_its_id_or_its_body():
    assert delivery_key("github", "a", b"1") == delivery_key("github", "a", b"2")
    assert delivery_key("github", "a", b"1") != delivery_key("gitlab", "a", b"1")
    assert delivery_key("github", "", b"1") != delivery_key("github", "", b"2")
    assert len(delivery_key("github", "\udcff", b"")) == 16


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "repository",
                    "project",
                    "commits",
                    "after",
                    "id",
                    "message",
                    "title",
                    "author",
                    "html_url",
                    "web_url",
                    "clone_url",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(["repository", "project", "commits", "after", "ref"]), JSON))
def test_any_object_is_read_without_an_error(payload):
    for read in (read_github, read_gitlab):
        for document in read({"after": HEAD} | payload, source="ingest", now=5.0).documents:
            document.message()
