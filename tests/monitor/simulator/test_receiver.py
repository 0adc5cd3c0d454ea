import aiohttp
import pytest

from simulated import simulated


async def deliver(net, name="pager", **headers):
    url = net.simulator.hook_url(name)
    sent = {key.replace("_", "-"): value for key, value in headers.items()}
    async with aiohttp.request("POST", url, json={"n": 1}, headers=sent) as answer:
        return answer.status, await answer.text()


async def test_deliveries_are_kept_with_their_keys():
    async with simulated() as net:
        assert await deliver(net, webhook_id="k1") == (200, "ok")
        assert await deliver(net, "slack", Idempotency_Key="k2") == (200, "ok")
        receiver = net.simulator.receiver
        assert receiver.keys() == ["k1", "k2"]
        assert receiver.keys("slack") == ["k2"]
        first = receiver.accepted[0]
        assert (first.name, first.json) == ("pager", {"n": 1})
        assert first.headers["Content-Type"] == "application/json"


async def test_it_refuses_as_scripted_for_a_while():
    async with simulated() as net:
        faults = net.simulator.faults
        faults.add("status", "receiver.pager", status=429, retry_after=3, until=net.clock() + 60)
        assert (await deliver(net, webhook_id="k1"))[0] == 429
        assert (await deliver(net, "slack"))[0] == 200
        net.clock.advance(60)
        assert (await deliver(net, webhook_id="k1"))[0] == 200
        receiver = net.simulator.receiver
        assert [r.key for r in receiver.refused] == ["k1"]
        assert receiver.keys("pager") == ["k1"]


async def test_a_cut_delivery_was_not_accepted():
    async with simulated() as net:
        net.simulator.faults.add("close", "receiver.*", times=1)
        with pytest.raises(aiohttp.ClientError):
            await deliver(net, webhook_id="k1")
        assert net.simulator.receiver.keys() == []
