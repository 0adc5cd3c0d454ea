from collections.abc import AsyncIterator

import pytest

from kafka_buses import KafkaBuses


@pytest.fixture
async def buses(kafka: str) -> AsyncIterator[KafkaBuses]:
    """Handles under a prefix of their own, closed with the test."""
    async with KafkaBuses(kafka) as buses:
        yield buses
