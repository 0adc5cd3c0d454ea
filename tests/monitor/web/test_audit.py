import structlog

from browsing import ask
from monitor.metrics import Metrics
from monitor.store.errors import StoreBusy
from monitor.web.audit import Audit
from monitor.web.roles import Role
from web_samples import LEAK, People, site


def actions(logs):
    wanted = ("action", "outcome", "actor", "role", "exposure", "from")
    return [tuple(e[name] for name in wanted) for e in logs if e["event"] == "action"]


async def test_who_did_what_on_which_exposure_from_where_and_what_came_of_it(tmp_path):
    people = People(tmp_path)
    with structlog.testing.capture_logs() as logs:
        async with site(people.settings) as run:
            url = f"{run.url}/exposures/{LEAK}"
            await ask("GET", url, **people.bearer("viewer"))
            await ask("GET", f"{run.url}/exposures/hunter2", **people.bearer("viewer"))
            await ask("POST", f"{url}/close", **people.bearer("responder"))
            await ask("POST", f"{url}/close", **people.bearer("viewer"))
            await ask("POST", f"{run.url}/keys", data=b"x", **people.bearer("admin"))
            assert run.count("actions", action="close", role="responder") == 1
            assert run.count("actions", action="close", role="viewer") == 0
    assert actions(logs) == [
        ("view", "done", "a-viewer", "viewer", LEAK, "127.0.0.1"),
        ("close", "done", "a-responder", "responder", LEAK, "127.0.0.1"),
        ("close", "refused", "a-viewer", "viewer", LEAK, "127.0.0.1"),
        ("keys", "failed", "a-admin", "admin", "", "127.0.0.1"),
    ]
    assert "hunter2" not in repr(logs)
    assert not any(token in repr(logs) for token in people.token.values())


async def test_what_was_refused_is_in_the_access_log_too(tmp_path):
    people = People(tmp_path)
    written = []

    async def write(*entry):
        written.append(entry)
        if len(written) > 1:
            raise StoreBusy("locked")

    async with site(people.settings) as run:
        run.listener.audit.write = write
        for _ in range(2):  # whether it can be written down or not
            refused = await ask("POST", f"{run.url}/exposures/{LEAK}/close", **people.bearer("viewer"))
            assert refused.status == 403
    assert written == [("a-viewer", "refused", LEAK, {"action": "close"})] * 2


def test_actions_count_from_zero_for_those_who_may():
    metrics = Metrics()
    Audit(metrics).expect("close", Role.RESPONDER)
    value = metrics.registry.get_sample_value
    roles = {r: value("leakstream_actions_total", {"action": "close", "role": r.word}) for r in Role}
    assert roles == {Role.VIEWER: None, Role.RESPONDER: 0.0, Role.ADMIN: 0.0}
