import re

import pytest

from browsing import ask
from console_fakes import FakeQueries, console

TOKEN = "correct horse battery"


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text(TOKEN)
    path.chmod(0o600)
    return path


async def test_in_with_the_token_and_out_again(token_file):
    async with console(FakeQueries(), token_file=token_file) as listener:
        url = listener.address
        away = await ask("GET", f"{url}/exposures", Accept="text/html")
        assert away.headers["Location"] == "/login?next=/exposures"
        form = await ask("GET", f"{url}/login")
        csrf = re.search(r'value="([0-9a-f]{64})"', form.text)[1]
        wrong = await ask("POST", f"{url}/login", data={"csrf": csrf, "token": "guess"})
        assert wrong.status == 401
        assert "not the token" in wrong.text
        assert "Set-Cookie" not in wrong.headers
        assert (await ask("POST", f"{url}/login", data={"token": TOKEN})).status == 403
        right = await ask("POST", f"{url}/login", data={"csrf": csrf, "token": f" {TOKEN} "})
        assert (right.status, right.headers["Location"]) == (303, "/exposures")
        session = right.headers["Set-Cookie"].partition(";")[0]
        assert TOKEN not in right.headers["Set-Cookie"]
        page = await ask("GET", f"{url}/exposures", Cookie=session)
        assert page.status == 200
        csrf = re.search(r'value="([0-9a-f]{64})"', page.text)[1]
        out = await ask("POST", f"{url}/logout", data={"csrf": csrf}, Cookie=session)
        assert 'leakstream_session=""' in out.headers["Set-Cookie"]


async def test_the_style_is_for_everybody_the_list_is_not(token_file):
    async with console(FakeQueries(), token_file=token_file) as listener:
        assert (await ask("GET", f"{listener.address}/static/style.css")).status == 200
        assert (await ask("GET", f"{listener.address}/exposures")).status == 401
        bearer = f"Bearer {TOKEN}"
        assert (await ask("GET", f"{listener.address}/exposures", Authorization=bearer)).status == 200


async def test_who_guesses_is_told_to_wait(token_file):
    async with console(FakeQueries(), token_file=token_file) as listener:
        url = f"{listener.address}/login"
        csrf = re.search(r'value="([0-9a-f]{64})"', (await ask("GET", url)).text)[1]
        for n in range(6):
            assert (await ask("POST", url, data={"csrf": csrf, "token": f"guess {n}"})).status == 401
        waits = await ask("POST", url, data={"csrf": csrf, "token": TOKEN})
        assert (waits.status, waits.headers["Retry-After"]) == (429, "2")
        assert "try again in 2 seconds" in waits.text


@pytest.mark.parametrize(
    "back", ["//evil.test", "https://evil.test", "/\\evil.test", "/login?next=/login", ""]
)
async def test_signing_in_leads_nowhere_else(token_file, back):
    async with console(FakeQueries(), token_file=token_file) as listener:
        url = f"{listener.address}/login"
        csrf = re.search(r'value="([0-9a-f]{64})"', (await ask("GET", url)).text)[1]
        form = {"csrf": csrf, "token": TOKEN, "next": back}
        assert (await ask("POST", url, data=form)).headers["Location"] == "/exposures"
        there = await ask("POST", url, data={**form, "next": "/exposures?q=a"})
        assert there.headers["Location"] == "/exposures?q=a"
