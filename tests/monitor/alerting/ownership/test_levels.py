from monitor.alerting.ownership import Level


def test_the_surer_ranks_higher() -> None:
    assert sorted(Level, key=lambda level: level.rank) == [Level.NONE, Level.CLAIMED, Level.PROVED]
