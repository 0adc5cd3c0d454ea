import pytest

from collecting import START
from monitor.collectors.recheck.facts import Facts
from monitor.collectors.recheck.pastebin import PastebinLook
from monitor.collectors.recheck.target import NoVerdict, Target
from monitor.simulator.faults import FaultKind
from rechecking import small_internet


async def test_a_paste_stands_until_its_time_is_over():
    async with small_internet() as place:
        paste = place.simulator.world.paste(b"text", START)
        look = PastebinLook(place.simulator.pastebin_url, place.bench.tools, Facts())
        target = Target("pastebin.com", url=f"https://pastebin.com/{paste.key}")

        assert await look.look(place.context, target) == "public"
        place.fate.expire(paste.key)
        assert await look.look(place.context, target) == "removed"
        place.fate.paste_again(paste.key)
        assert await look.look(place.context, target) == "public"
        place.simulator.faults.add(FaultKind.DENIED, "pastebin.meta")
        with pytest.raises(NoVerdict, match="unavailable"):
            await look.look(place.context, target)
        with pytest.raises(NoVerdict, match="no_way"):
            await look.look(place.context, Target("pastebin.com", url="https://pastebin.com/u/somebody"))
