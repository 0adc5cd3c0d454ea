import pytest

from benchmarks.bars.alertmanaged import PAGES, Notification, config, judge_notifications, read
from benchmarks.bars.judging import Checks, Delivery


def alert(key, status="firing"):
    return {"status": status, "labels": {"exposure": f"e-{key}"}, "annotations": {"key": key}}


def notification(*alerts, group="g", receiver=PAGES):
    return Notification(receiver, 1.0, {"groupKey": group, "alerts": list(alerts)})


GOOD = [
    notification(alert("a")),
    notification(alert("a"), alert("b")),
    notification(alert("c"), group="h"),
]


def passes(notifications):
    checks = Checks()
    judge_notifications(checks, read(notifications))
    return checks.passed


def test_every_page_is_read_and_repeats_beside_a_new_one_are_counted_apart():
    told = read(GOOD)
    assert told.pages == [Delivery(1.0, key, f"e-{key}") for key in "aabc"]
    assert (told.groups, told.news, told.again, told.idle) == (2, 3, 1, 0)
    assert passes(GOOD)


@pytest.mark.parametrize(
    "more",
    [
        notification(alert("a"), alert("b")),
        notification(alert("a", "resolved"), alert("d")),
        notification(alert("d"), receiver="tickets"),
    ],
    ids=["again without news", "ended", "to somebody else"],
)
def test_what_should_not_be_said_fails(more):
    assert not passes([*GOOD, more])


def test_the_shipped_configuration_sends_everything_here():
    receivers = config("http://127.0.0.1:9")["receivers"]
    assert PAGES in [receiver["name"] for receiver in receivers]
    for receiver in receivers:
        assert [hook["url"] for hook in receiver["webhook_configs"]] == [
            f"http://127.0.0.1:9/{receiver['name']}"
        ]
