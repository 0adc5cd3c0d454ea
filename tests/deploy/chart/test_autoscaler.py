"""The autoscaler that docs/how-to/scaling.md shows: an object that Kubernetes takes, for what the chart makes, by a metric that there is."""

from __future__ import annotations

import re

import pytest
import yaml

from chart import stage
from doc_pages import fences
from kubeschemas import NEWEST, OLDEST
from kubetools import conforms
from monitor.config import KafkaSettings
from monitor.contracts import DOCUMENTS
from monitor.metrics import Metrics

SHOWN = {fence.file: fence.text for fence in fences("docs/how-to/scaling.md") if fence.file}


@pytest.mark.timeout(300)  # kubeconform is built once a machine
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_takes_it(version: str) -> None:
    status, words = conforms(SHOWN["match-autoscaler.yaml"], version)
    assert status == 0, words
    assert "1 resource found" in words


def test_it_scales_the_matchers_within_their_partitions() -> None:
    spec = yaml.safe_load(SHOWN["match-autoscaler.yaml"])["spec"]
    scaled = stage("ha", "match")
    assert spec["scaleTargetRef"]["name"] == scaled["metadata"]["name"]
    assert (spec["scaleTargetRef"]["apiVersion"], spec["scaleTargetRef"]["kind"]) == (
        scaled["apiVersion"],
        scaled["kind"],
    )
    assert "replicas" not in scaled["spec"]  # else each `helm upgrade` would undo what it did
    assert spec["maxReplicas"] <= KafkaSettings().partitions


def test_the_metric_that_it_asks_for_is_made_of_one_of_ours() -> None:
    (rule,) = yaml.safe_load(SHOWN["adapter-values.yaml"])["rules"]["external"]
    spec = yaml.safe_load(SHOWN["match-autoscaler.yaml"])["spec"]
    (asked,) = [metric["external"]["metric"] for metric in spec["metrics"]]
    assert asked["name"] == rule["name"]["as"]
    assert asked["selector"]["matchLabels"] == {"topic": DOCUMENTS}
    series, labels = re.fullmatch(r"(\w+)\{(.+)\}", rule["seriesQuery"]).groups()  # type: ignore[union-attr]
    names = {metric.name for metric in Metrics().registry.collect()}
    assert series in names
    assert labels == 'group="match"'
