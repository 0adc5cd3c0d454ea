import orjson

from benchmarks.bars.pages import of_alertmanager, of_webhook, pages
from browsing import ask


def alert(path, status="firing", name="LeakExposure"):
    return {
        "status": status,
        "labels": {"alertname": name},
        "annotations": {"place": f"acme-corp/repository {path}"},
    }


async def test_the_first_page_of_each_path_counts():
    async with pages(of_webhook) as told:
        for path in ("a", "b", "a"):
            body = {"data": {"exposure": {"places": [{"path": path}, {"path": "elsewhere"}]}}}
            assert (await ask("POST", told.url, data=orjson.dumps(body).decode())).status == 200
        assert (list(told.came), told.posts) == (["a", "b"], 3)
        assert await told.reach(2, patience=1)
        assert not await told.reach(3, patience=0.05)
        assert told.waits({"a": told.came["a"] - 1.5, "never": 0.0}) == [1.5]


async def test_of_alertmanagers_only_leaks_that_fire():
    body = {"alerts": [alert("x"), alert("y", "resolved"), alert("z", name="LeakExposuresBeyondLimit")]}
    async with pages(of_alertmanager) as told:
        await ask("POST", f"{told.url}/leak-pages", data=orjson.dumps(body).decode())
        assert list(told.came) == ["x"]
