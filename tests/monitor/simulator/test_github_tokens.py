"""What a token is worth at the simulator's GitHub."""

from __future__ import annotations

import pytest

from simulated import simulated


@pytest.mark.parametrize("path", ["/github/events", "/github/rate_limit"])
async def test_a_revoked_token_opens_nothing(path: str) -> None:
    async with simulated() as github:
        assert (await github.get(path)).status == 200
        github.simulator.tokens.revoked.add("t")
        answer = await github.get(path)
        assert (answer.status, answer.json["message"]) == (401, "Bad credentials")
        assert (await github.get(path, token="another")).status == 200


async def test_a_powerless_token_is_known_and_reads_nothing() -> None:
    async with simulated() as github:
        github.simulator.tokens.powerless.add("t")
        assert (await github.get("/github/rate_limit")).status == 200
        answer = await github.get("/github/events")
        assert (answer.status, "not accessible" in answer.json["message"]) == (403, True)


async def test_scopes_and_end_are_told_of_the_token_that_asks() -> None:
    async with simulated() as github:
        github.simulator.tokens.scopes["t"] = "repo"
        github.simulator.tokens.ends["t"] = "2026-12-24 10:00:00 UTC"
        for path in ("/github/events", "/github/rate_limit"):
            said = (await github.get(path)).headers
            assert said["X-OAuth-Scopes"] == "repo"
            assert said["GitHub-Authentication-Token-Expiration"].startswith("2026-12-24")
        assert "X-OAuth-Scopes" not in (await github.get("/github/events", token="another")).headers
