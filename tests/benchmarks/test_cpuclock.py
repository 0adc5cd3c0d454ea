"""The processor's clock, timed."""

import platform

from benchmarks.cpuclock import gigahertz


def test_it_is_the_clock_of_a_processor_or_is_not_told():
    found = gigahertz(tries=2)
    assert (found is not None) == (platform.machine() == "x86_64")
    assert found is None or 0.2 < found < 8  # a wrong count of cycles is off by 3 or 16
