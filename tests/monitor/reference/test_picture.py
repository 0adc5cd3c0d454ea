from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from monitor.contracts import TOPICS
from monitor.reference.picture import picture

FILE = Path(__file__).parents[3] / "docs" / "pictures" / "way.svg"


def test_the_picture_is_current() -> None:
    assert FILE.read_text() == picture(), "run `python -m monitor.reference docs`"


def test_it_names_every_topic_and_is_read_in_light_and_dark() -> None:
    drawn = picture()
    words = "".join(ET.fromstring(drawn).itertext())
    assert all(topic.name in words for topic in TOPICS)
    assert "prefers-color-scheme: dark" in drawn
