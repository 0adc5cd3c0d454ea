import pytest

from monitor.simulator.clock import AdjustableClock, from_iso, http_date, iso


def test_it_runs_at_its_speed_and_jumps():
    ticks = iter([10.0, 11.0, 12.0])
    clock = AdjustableClock(1000.0, speed=60.0, ticks=lambda: next(ticks))
    assert clock() == 1060.0
    clock.advance(-30.0)
    assert clock() == 1090.0


def test_times_are_written_as_the_real_ones():
    assert iso(1780326000.5) == "2026-06-01T15:00:00Z"
    assert http_date(1780326000.5) == "Mon, 01 Jun 2026 15:00:00 GMT"
    assert from_iso("2026-06-01T15:00:00Z") == 1780326000.0
    assert from_iso("2026-06-01T15:00:00") == 1780326000.0
    with pytest.raises(ValueError):
        from_iso("yesterday")
