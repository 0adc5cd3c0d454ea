from simulated import START, simulated


async def test_what_each_client_asked_without_its_token():
    async with simulated() as net:
        await net.get("/github/events?page=2", token="s3cr3t", If_None_Match='W/"x"')
        await net.get("/pastebin/api_scraping.php", token="")
        await net.get("/nothing/here", token="s3cr3t")
        journal = net.simulator.journal
        first, second, third = journal
        assert (first.at, first.route, first.query, first.conditional) == (
            START,
            "github.events",
            {"page": "2"},
            True,
        )
        assert first.client == third.client
        assert second.client == "ip:127.0.0.1"
        assert (third.route, third.status) == ("unknown", 404)
        assert journal.counts["pastebin.list", 200] == 1
        assert len(journal) == 3
        assert "s3cr3t" not in repr(list(journal))
