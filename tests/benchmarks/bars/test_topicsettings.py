from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from benchmarks.bars.topicsettings import change
from kafka_buses import KafkaBuses
from monitor.bus.base import TopicSpec


async def settings(bootstrap, topic):
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        return {entry[0]: entry[1] for entry in answer.resources[0][4]}
    finally:
        await admin.close()


async def test_one_setting_changes_and_the_others_stay(kafka):
    async with KafkaBuses(kafka) as buses:
        bus = await buses.bus()
        await bus.ensure_topics([TopicSpec("in", partitions=1, retention_seconds=60)])
        name = f"{buses.prefix}in"
        before = await settings(kafka, name)
        await change(kafka, name, retention_ms="3600000")
        assert await settings(kafka, name) == before | {"retention.ms": "3600000"}
        assert before["message.timestamp.type"] == "LogAppendTime"
