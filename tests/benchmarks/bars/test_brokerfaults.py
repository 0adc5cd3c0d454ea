"""What is done to which node, and in which order; real nodes have their own tests (tests/deploy/kafka)."""

from benchmarks.bars.brokerfaults import BrokerFaults


class Cluster:
    """Its nodes lead nothing at the first look."""

    def __init__(self):
        self.done = []
        self.looks = 0

    def __getattr__(self, name):
        return lambda *node: self.done.append((name, *node))

    def led(self, node):
        self.looks += 1
        return 7 if self.looks > 1 else 0


async def test_a_killed_broker_comes_back_and_is_waited_for():
    cluster = Cluster()
    figures = await BrokerFaults(cluster, down_seconds=0.05).kill(["broker-2"])
    assert cluster.done == [("kill", 2), ("start", 2), ("wait_in_step",)]
    assert figures["in_step_after_s"] >= figures["back_after_s"] >= 0.05
    assert figures["partitions_led"] == [7]


async def test_a_broker_that_is_cut_off_is_always_healed():
    cluster = Cluster()
    figures = await BrokerFaults(cluster).cut(["broker-3"], 0.01)
    assert cluster.done == [("cut", 3), ("heal", 3), ("wait_in_step",)]
    assert (figures["cut_s"], figures["partitions_led"]) == (0.01, [7])


async def test_a_broker_that_never_leads_is_told_as_such():
    cluster = Cluster()
    cluster.looks = -1000
    figures = await BrokerFaults(cluster, down_seconds=0.0, lead_seconds=0.01).kill(["broker-1"])
    assert figures["partitions_led"] == [0]
