import structlog

from monitor.alerting.notifiers.base import Topic
from monitor.alerting.notifiers.log import PLUGIN
from notifier_samples import announcement, notification, tools


async def test_one_line_with_what_matters(tmp_path):
    async with tools(tmp_path) as tool:
        notifier = PLUGIN.build(PLUGIN.settings(), tool)
    with structlog.testing.capture_logs() as lines:
        await notifier.notify(notification(path="x\x1b[2J", repository=""))
        await notifier.notify(notification(mode="exercise"))
    assert lines[0]["event"] == "exposure"
    assert (lines[0]["change"], lines[0]["severity"], lines[0]["owned"]) == ("opened", "high", "proved")
    assert lines[0]["where"] == "x\\x1b[2J"
    assert lines[1]["event"] == "exercise"


async def test_another_notifiers_trouble_is_an_error(tmp_path):
    async with tools(tmp_path) as tool:
        notifier = PLUGIN.build(PLUGIN.settings(), tool)
    with structlog.testing.capture_logs() as lines:
        await notifier.announce(announcement(Topic.UNREACHED, headline="slack\x1b is away"))
    said = {"event": "unreached", "log_level": "error", "said": "slack\\x1b is away"}
    assert lines == [{**said, "delivery": True}]
