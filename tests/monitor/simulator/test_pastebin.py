from simulated import simulated

LIST = "/pastebin/api_scraping.php"


async def test_the_list_is_strings_newest_first():
    async with simulated() as net:
        for number in range(300):
            net.simulator.world.paste(
                b"%d" % number, net.clock() - 300 + number, syntax="java" if number % 2 else "go"
            )
        listed = (await net.get(LIST)).json
        assert len(listed) == 50
        assert all(isinstance(value, str) for paste in listed for value in paste.values())
        assert [p["size"] for p in listed[:2]] == ["3", "3"]
        assert int(listed[0]["date"]) > int(listed[1]["date"])
        assert len((await net.get(f"{LIST}?limit=1000")).json) == 250
        assert {p["syntax"] for p in (await net.get(f"{LIST}?limit=9&lang=go")).json} == {"go"}
        item = await net.get(listed[0]["scrape_url"])
        assert item.body == b"299"
        meta = await net.get(listed[0]["scrape_url"].replace("item", "item_meta"))
        assert meta.json == listed[:1]


async def test_errors_are_text_with_200():
    async with simulated() as net:
        key = net.simulator.world.paste(b"x", net.clock(), not_ready=60.0).key
        item = "/pastebin/api_scrape_item.php?i="
        early = await net.get(item + key)
        assert (early.status, early.body) == (
            200,
            b"File is not ready for scraping yet. Try again in 1 minute.",
        )
        net.clock.advance(60)
        assert (await net.get(item + key)).body == b"x"
        assert (await net.get(f"{item}Aaaaaaa1")).body == b"Error, we cannot find this paste."
        assert (await net.get(f"{item}../etc")).body == b"Error, paste key is not valid."
        net.simulator.faults.add("denied", "pastebin.*", times=2)
        for path in (LIST, item + key):
            denied = await net.get(path)
            assert denied.status == 200
            assert b"DOES NOT HAVE ACCESS" in denied.body
        net.simulator.faults.add("not_ready", "pastebin.item", times=1)
        assert b"not ready" in (await net.get(item + key)).body
