from monitor.simulator.clock import AdjustableClock
from monitor.simulator.limits import Budget, Limits, SlidingPoints, Verdict


def test_a_budget_is_full_again_an_hour_after_its_first_request():
    clock = AdjustableClock(1000.0, speed=0)
    budget = Budget(2, 3600.0, clock)
    assert budget.spend()
    clock.advance(3000)
    assert budget.spend()
    assert not budget.spend()
    assert (budget.remaining, budget.used, budget.reset) == (0, 2, 4600)
    clock.advance(600)
    assert budget.remaining == 2
    assert budget.spend()
    assert budget.reset == 8200


def test_a_free_request_is_given_back():
    budget = Budget(1, 3600.0, AdjustableClock(0.0, speed=0))
    assert budget.spend()
    budget.give_back()
    assert budget.remaining == 1
    budget.exhaust()
    assert not budget.spend()


def test_points_slide():
    clock = AdjustableClock(0.0, speed=0)
    points = SlidingPoints(2, 60.0, clock)
    assert points.spend() == 0.0
    clock.advance(40)
    assert points.spend() == 0.0
    assert points.spend() == 20.0
    assert points.left == 0
    clock.advance(20)
    assert points.left == 1
    assert points.spend() == 0.0
    assert points.spend() == 40.0


def test_too_many_at_a_time_is_the_secondary_limit():
    limits = Limits(AdjustableClock(0.0, speed=0), per_hour=9, points_per_minute=9, concurrent=1)
    assert limits.begin() == (Verdict.OK, 0.0)
    assert limits.begin() == (Verdict.SECONDARY, 60.0)
    limits.end()
    limits.end()
    assert limits.begin() == (Verdict.OK, 0.0)


def test_the_budget_is_the_primary_limit():
    limits = Limits(AdjustableClock(0.0, speed=0), per_hour=1, points_per_minute=9, concurrent=9)
    assert limits.begin()[0] is Verdict.OK
    assert limits.begin()[0] is Verdict.PRIMARY
