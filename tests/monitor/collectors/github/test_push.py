from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collecting import START, Bench, reply
from forge import Forge, commit, comparison, file, sha
from monitor.budget import Limited
from monitor.collectors.context import Context
from monitor.collectors.github.api import GitHub, GitHubSettings
from monitor.collectors.github.push import Limits, Push, PushResolver, Resolved, skip_reason
from monitor.collectors.upstream import Refused, Unavailable

PAYLOADS = Path(os.environ.get("LEAKSTREAM_PAYLOADS", Path(__file__).parents[5] / "shared" / "payloads"))
PATCH = "@@ -1 +1 @@\n-old\n+new"


def pushed(head: str = "head", before: str = "base", ref: str = "refs/heads/main") -> Push:
    return Push("octo/demo", ref, sha(before) if before else "", sha(head), "pusher", START - 30)


async def resolve(forge: Forge, push: Push | None = None, **limits: Any) -> Resolved:
    options = {"max_body_mib": limits.pop("max_body_mib", 1), "max_blob_mib": limits.pop("max_blob_mib", 1)}
    async with forge.serving() as base, Bench() as bench:
        forge.clock = bench.time
        github = GitHub(GitHubSettings(base_url=base, **options), bench.tools)
        context = Context(
            "github_events",
            stop=asyncio.Event(),
            state=bench.state,
            producer=bench.producer,
            metrics=bench.metrics,
            clock=bench.time,
            sleep=bench.time.sleep,
        )
        return await PushResolver(github, "github_events", Limits(**limits)).resolve(
            context, push or pushed()
        )


def contents(resolved: Resolved) -> dict[str, bytes]:
    return {d.id.removeprefix("octo/demo@"): d.content for d in resolved.documents}


async def test_one_commit_is_read_from_the_comparison_alone() -> None:
    forge = Forge()
    forge.compare(
        sha("base"), "head", comparison([commit("head", message="add it")], [file("a b/c.env", PATCH)])
    )
    resolved = await resolve(forge)
    assert contents(resolved) == {
        f"{sha('head')}#message": b"add it",
        f"{sha('head')}:a b/c.env": PATCH.encode(),
    }
    document = resolved.documents[1]
    assert (document.media_type, document.blob_sha) == ("text/x-diff", sha("a b/c.env"))
    assert (document.published_at, document.fetched_at) == (START - 30, START)
    where = document.provenance
    assert where.url == f"https://github.com/octo/demo/blob/{sha('head')}/a%20b/c.env"
    assert (where.commit, where.ref, where.path) == (sha("head"), "refs/heads/main", "a b/c.env")
    assert (where.author, where.author_email, where.owner) == ("octocat", "a@example.com", "octo")
    assert len(forge.asked) == 1
    assert resolved.skipped == {}


async def test_what_was_added_and_removed_in_between_is_read_commit_by_commit() -> None:
    forge = Forge()
    commits = [commit("one"), commit("two")]
    forge.compare(sha("base"), "two", comparison(commits, [file("other", PATCH)]))
    forge.commit("one", [file("k.env", "+secret")])
    forge.commit("two", [file("k.env", "-secret"), file("other", PATCH)])
    found = contents(await resolve(forge, pushed("two")))
    assert found[f"{sha('one')}:k.env"] == b"+secret"
    assert found[f"{sha('two')}:k.env"] == b"-secret"
    assert f"{sha('one')}#message" in found


async def test_never_reads_only_the_comparison() -> None:
    forge = Forge()
    forge.compare(sha("base"), "two", comparison([commit("one"), commit("two")], [file("other", PATCH)]))
    found = contents(await resolve(forge, pushed("two"), per_commit="never"))
    assert f"{sha('two')}:other" in found
    assert len(forge.asked) == 1


async def test_commits_beyond_the_limit_are_counted_and_the_comparison_covers_what_is_left() -> None:
    forge = Forge()
    commits = [commit(f"c{n}") for n in range(5)]
    forge.compare(sha("base"), "c4", comparison(commits, [file("all", PATCH)], total=260))
    for n in range(5):
        forge.commit(f"c{n}", [file(f"f{n}", PATCH)])
    resolved = await resolve(forge, pushed("c4"), max_commits=2)
    found = contents(resolved)
    assert {f"{sha('c3')}:f3", f"{sha('c4')}:f4", f"{sha('c4')}:all"} <= set(found)
    assert f"{sha('c2')}:f2" not in found
    assert resolved.skipped == {"commit_over_limit": 258}


async def test_merges_are_not_read_by_themselves() -> None:
    forge = Forge()
    commits = [commit("one"), commit("merge", parents=2)]
    forge.compare(sha("base"), "merge", comparison(commits, [file("all", PATCH)]))
    forge.commit("one", [file("f", PATCH)])
    resolved = await resolve(forge, pushed("merge"))
    assert forge.count(f"/repos/octo/demo/commits/{sha('merge')}") == 0
    assert {f"{sha('one')}:f", f"{sha('merge')}:all"} <= set(contents(resolved))
    assert resolved.skipped == {}


async def test_a_comparison_of_300_files_is_known_to_be_cut() -> None:
    forge = Forge()
    files = [file(f"f{n}", PATCH) for n in range(300)]
    forge.compare(sha("base"), "head", comparison([commit("head")], files))
    forge.commit("head", [file(f"f{n}", PATCH) for n in range(310)])
    resolved = await resolve(forge)
    assert len(resolved.documents) == 311
    resolved = await resolve(forge, per_commit="never")
    assert resolved.skipped == {"files_over_limit": 1}


async def test_a_commits_further_files_are_on_further_pages() -> None:
    forge = Forge()
    forge.compare(sha("base"), "head", comparison([commit("head")], []))
    first = f"/repos/octo/demo/commits/{sha('head')}"

    async def paged(_: Any) -> Any:
        link = f'<{forge.base}/repositories/2/commits/x?page=2>; rel="next", <{forge.base}/x>; rel="last"'
        return reply({**commit("head"), "files": [file("a", PATCH)]}, Link=link)

    forge.answers[first] = paged
    forge.answers["/repositories/2/commits/x?page=2"] = {**commit("head"), "files": [file("b", PATCH)]}
    found = contents(await resolve(forge, per_commit="always"))
    assert {f"{sha('head')}:a", f"{sha('head')}:b"} <= set(found)


async def test_a_link_to_another_host_is_not_followed() -> None:
    forge = Forge()
    forge.compare(sha("base"), "head", comparison([commit("head")], []))

    async def paged(_: Any) -> Any:
        return reply({**commit("head"), "files": []}, Link='<http://evil.example/steal>; rel="next"')

    forge.answers[f"/repos/octo/demo/commits/{sha('head')}"] = paged
    resolved = await resolve(forge, per_commit="always")
    assert resolved.skipped == {}


async def test_a_file_without_a_patch_is_fetched_binary_and_moved_ones_are_counted() -> None:
    forge = Forge()
    files = [
        file("big.sql", None, changes=30_000),
        file("logo.png", None, changes=0, status="added"),
        file("moved", None, changes=0, status="renamed"),
        file("gone.sql", None, changes=9),
    ]
    forge.compare(sha("base"), "head", comparison([commit("head")], files))
    forge.blob("big.sql", b"INSERT\n" * 10)
    resolved = await resolve(forge)
    assert contents(resolved)[f"{sha('head')}:big.sql"] == b"INSERT\n" * 10
    assert resolved.skipped == {"binary": 1, "moved": 1, "gone": 1}


async def test_blobs_have_their_limits() -> None:
    forge = Forge()
    files = [file("a", None), file("b", None), file("c", None)]
    forge.compare(sha("base"), "head", comparison([commit("head")], files))
    forge.blob("a", bytes(200_000))
    forge.blob("b", b"small")
    resolved = await resolve(forge, max_blobs=2, max_blob_mib=0.01)
    assert f"{sha('head')}:b" in contents(resolved)
    assert resolved.skipped == {"too_large": 1, "file_over_limit": 1}


async def test_a_new_branch_is_compared_with_the_default_branch() -> None:
    forge = Forge()
    forge.answers["/repos/octo/demo"] = {"default_branch": "release/../x"}
    forge.compare("release%2F..%2Fx", "head", comparison([commit("head")], [file("f", PATCH)]))
    found = contents(await resolve(forge, pushed(before="", ref="refs/heads/topic")))
    assert f"{sha('head')}:f" in found


async def test_the_first_push_of_a_repository_is_walked() -> None:
    forge = Forge()
    forge.answers["/repos/octo/demo"] = {"default_branch": "main"}
    forge.answers["/repos/octo/demo/commits"] = [commit("two"), commit("one")]
    forge.commit("one", [file("f1", PATCH)])
    forge.commit("two", [file("f2", PATCH)])
    found = contents(await resolve(forge, pushed("two", before="")))
    assert {f"{sha('one')}:f1", f"{sha('two')}:f2", f"{sha('two')}#message"} <= set(found)
    assert f"/repos/octo/demo/commits?per_page=100&sha={sha('two')}" in forge.asked


@pytest.mark.parametrize("status", [404, 406, 422])
async def test_where_compare_fails_the_commits_are_walked(status: int) -> None:
    forge = Forge()
    forge.compare(sha("base"), "head", (status, {"message": "no"}))
    forge.answers["/repos/octo/demo/commits"] = [commit("head"), commit("older"), commit("oldest")]
    forge.commit("head", [file("f", PATCH)])
    resolved = await resolve(forge, max_commits=1)
    assert f"{sha('head')}:f" in contents(resolved)
    assert resolved.skipped == {"commit_over_limit": 2}


async def test_a_comparison_too_large_to_read_is_walked() -> None:
    forge = Forge()
    forge.compare(sha("base"), "head", comparison([commit("head")], [file("f", "+" * 2_000_000)]))
    forge.answers["/repos/octo/demo/commits"] = [commit("head")]
    forge.commit("head", [file("f", PATCH)])
    assert f"{sha('head')}:f" in contents(await resolve(forge))


@pytest.mark.parametrize("status", ["diverged", "behind"])
async def test_a_force_push_shows_what_it_took_away(status: str) -> None:
    forge = Forge()
    kept = [commit("head")] if status == "diverged" else []
    forge.compare(sha("base"), "head", comparison(kept, [], status=status))
    forge.compare(sha("head"), "base", comparison([commit("base")], [file("leaked", "+secret")]))
    found = contents(await resolve(forge))
    assert found[f"{sha('base')}:leaked"] == b"+secret"


async def test_an_old_head_that_is_gone_is_counted() -> None:
    forge = Forge()
    forge.compare(sha("base"), "head", comparison([commit("head")], [], status="diverged"))
    assert (await resolve(forge)).skipped == {"old_head_gone": 1}


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({}, "gone"),
        ({"/repos/octo/demo/commits": (409, {"message": "Git Repository is empty."})}, "empty_repository"),
        ({"/repos/octo/demo/commits": (422, {"message": "No commit found"})}, "unprocessable"),
        ({"/repos/octo/demo/compare": 451}, "legal"),
        ({"/repos/octo/demo/compare": 403}, "forbidden"),
    ],
)
async def test_what_github_will_not_show_has_a_reason(answers: dict[str, Any], reason: str) -> None:
    forge = Forge()
    for path, answer in answers.items():
        if isinstance(answer, int):
            forge.compare(sha("base"), "head", (answer, {"message": "no"}))
        else:
            forge.answers[path] = answer
    with pytest.raises(Refused) as caught:
        await resolve(forge)
    assert skip_reason(caught.value) == reason


async def test_a_renamed_repository_is_followed() -> None:
    forge = Forge()
    forge.answers["/repositories/2/compare"] = comparison([commit("head")], [file("f", PATCH)])

    async def moved(_: Any) -> Any:
        return reply({"message": "Moved Permanently"}, 301, Location="/repositories/2/compare")

    forge.compare(sha("base"), "head", moved)
    assert f"{sha('head')}:f" in contents(await resolve(forge))


async def test_html_instead_of_json_is_tried_again_and_then_unavailable() -> None:
    forge = Forge()

    async def html(_: Any) -> Any:
        return reply("<html>Unicorn!</html>", 502 if len(forge.asked) % 2 else 200)

    forge.compare(sha("base"), "head", html)
    with pytest.raises(Unavailable):
        await resolve(forge)
    assert len(forge.asked) == 3


async def test_a_limit_in_the_middle_stops_everything() -> None:
    forge = Forge()

    async def limited(_: Any) -> Any:
        return reply({"message": "You have exceeded a secondary rate limit."}, 403)

    forge.compare(sha("base"), "two", comparison([commit("one"), commit("two")], []))
    forge.answers[f"/repos/octo/demo/commits/{sha('one')}"] = limited
    with pytest.raises(Limited) as caught:
        await resolve(forge, pushed("two"))
    assert caught.value.retry_after == 60.0
    assert len(forge.asked) == 2


def test_a_push_survives_its_cursor() -> None:
    for push in (pushed(), pushed(before=""), pushed().again()):
        assert Push.revive(orjson.loads(orjson.dumps(push.plain()))) == push
    assert Push.revive([1, 2]) is None
    assert Push.revive(["../x", "", "", sha("a"), "", None, 0]) is None


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8) | st.just(sha("base")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "commits",
                    "files",
                    "sha",
                    "filename",
                    "patch",
                    "total_commits",
                    "parents",
                    "commit",
                    "status",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


async def test_no_answer_upsets_the_resolver() -> None:
    forge = Forge()

    @settings(max_examples=40)
    @given(st.lists(JUNK, min_size=12, max_size=12))
    def collect(values: list[Any]) -> None:
        drawn.append(values)

    drawn: list[list[Any]] = []
    collect()
    resolved = 0
    for values in drawn:
        junk = iter(values * 20)

        async def answer(_: Any, junk: Any = junk) -> Any:
            value = next(junk)
            return reply(value if isinstance(value, dict) else {"files": [value], "commits": [value]})

        forge.answers = {"/repos/octo/demo": {"default_branch": "main"}}
        forge.compare(sha("base"), "head", answer)
        forge.answers[f"/repos/octo/demo/commits/{sha('base')}"] = answer
        forge.answers[f"/repos/octo/demo/git/blobs/{sha('base')}"] = answer
        with suppress(Unavailable):  # what is no comparison at all counts as no answer
            for document in (await resolve(forge)).documents:
                document.message()
            resolved += 1
    assert resolved


@pytest.mark.skipif(not PAYLOADS.is_dir(), reason="no recorded payloads here")
async def test_recorded_payloads_are_resolved() -> None:
    def load(name: str) -> Any:
        return orjson.loads((PAYLOADS / "github" / f"{name}.json").read_bytes())

    forge = Forge()
    recorded = load("compare")
    forge.compare(sha("base"), "head", recorded)
    resolved = await resolve(forge, per_commit="never")
    patched = [f for f in recorded["files"] if f.get("patch")]
    messages = {c["sha"] for c in recorded["commits"]}
    assert len(resolved.documents) == len(patched) + len(messages)
    forge = Forge()
    single = load("commit-single")
    forge.compare(sha("base"), "head", comparison([single], []))
    forge.answers[f"/repos/octo/demo/commits/{single['sha']}"] = single
    resolved = await resolve(forge, per_commit="always")
    assert resolved.documents[0].content == b"Amending"
    assert resolved.documents[0].provenance.author == "stephenc"


def test_what_is_kept_over_a_restart_holds_no_name_that_looks_like_a_secret() -> None:
    token = "gh" + "p_" + "a1B2" * 9
    push = Push("corp/app", f"refs/heads/{token}", "", "a" * 40, token, 1.0, 2)
    assert token not in str(push.plain())
    assert Push.revive(push.plain()) == Push("corp/app", "", "", "a" * 40, "", 1.0, 2)
    plain = Push("corp/app", "refs/heads/main", "b" * 40, "a" * 40, "ann", 1.0)
    assert Push.revive(plain.plain()) == plain
