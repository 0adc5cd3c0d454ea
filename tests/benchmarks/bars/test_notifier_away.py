"""The bar in short: a notifier that is away for some seconds that are an hour to the service."""

import time

from benchmarks.bars.notifier_away import AWAY, FINE, Plan, Receiver, judged, measure


async def test_everything_comes_afterwards_once_and_in_order_and_the_others_are_told_meanwhile(tmp_path):
    result = await measure(tmp_path, Plan(before=1.0, away=12.0, after=1.0, rate=5.0, speed=300.0))
    assert result["outage_by_the_services_clock_s"] >= 3600
    for name in (AWAY, FINE):
        assert (result[name]["missing"], result[name]["repeated"], result[name]["out_of_order"]) == (0, 0, 0)
    assert result[AWAY]["came"] == result[FINE]["came"] == result[AWAY]["made"]
    assert result["waiting_when_back"] > 100
    assert result["others_were_told"][:1] == ["notifier.unreached"]


def test_what_is_missing_repeated_or_out_of_order_is_noticed():
    def said(leak, change, key):
        data = {"dedup_key": leak, "change": change, "key": key}
        return time.monotonic(), {"type": f"exposure.{change}", "data": data}

    made = dict.fromkeys([("a", "opened"), ("a", "closed"), ("b", "opened")], 0.0)
    receiver = Receiver(
        came=[said("a", "closed", "k2"), said("a", "opened", "k1"), said("a", "opened", "k1")]
    )
    found = judged(receiver, made)
    assert (found["missing"], found["repeated"], found["out_of_order"]) == (1, 1, 1)
