"""Change a topic's settings while everything runs, as an operator does."""

from __future__ import annotations

from typing import Final

from aiokafka import errors
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

_OF_THE_TOPIC: Final = (
    1  # the source of a setting that somebody gave to the topic itself; the others are defaults
)


async def change(bootstrap: str, topic: str, **settings: str) -> None:
    """`settings` with underscores for dots; `topic` is its whole name. What else the topic was given stays. Raises KafkaError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        # the library knows only the request that replaces all settings
        (there,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        ((_code, _message, _kind, _name, entries),) = there.resources
        kept = {entry[0]: entry[1] for entry in entries if entry[3] == _OF_THE_TOPIC}
        wanted = kept | {name.replace("_", "."): value for name, value in settings.items()}
        (answer,) = await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, wanted)])
        ((code, *_),) = answer.resources
        if code:
            raise errors.for_code(code)(topic)
    finally:
        await admin.close()
