from __future__ import annotations

import pytest

from made_up import made_up
from monitor.simulator.server import Simulator, SimulatorConfig


def test_a_site_that_there_is_not_is_no_silent_omission() -> None:
    with pytest.raises(KeyError):
        Simulator(SimulatorConfig(sites={"nowhere": {}}), maker=made_up)
