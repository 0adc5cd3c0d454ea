"""The Helm chart of deploy/, rendered, and its objects as tests ask for them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from kubeschemas import NEWEST
from kubetools import objects, template

FOLDER = Path(__file__).parents[2] / "deploy" / "chart"
CHART = FOLDER / "leakstream"
CASES: dict[str, tuple[str, ...]] = {
    "default": (),
    "ha": ("-f", str(FOLDER / "examples" / "ha.yaml")),
    "small": ("-f", str(FOLDER / "examples" / "small.yaml")),
}
STAGES = ("collect", "match", "alert")

Object = dict[str, Any]


@cache
def rendered(case: str, version: str = NEWEST) -> str:
    return template(CHART, *CASES[case], version=version)


@cache
def of(case: str) -> tuple[Object, ...]:
    return tuple(objects(rendered(case)))


def all_of(case: str, kind: str) -> dict[str, Object]:
    """By name."""
    return {each["metadata"]["name"]: each for each in of(case) if each["kind"] == kind}


def stage(case: str, name: str) -> Object:
    """A stage's StatefulSet."""
    return all_of(case, "StatefulSet")[f"leakstream-{name}"]


def pod(case: str, name: str) -> Object:
    return stage(case, name)["spec"]["template"]["spec"]  # type: ignore[no-any-return]


def container(case: str, name: str) -> Object:
    (only,) = pod(case, name)["containers"]
    return only  # type: ignore[no-any-return]


def mounts(case: str, name: str) -> dict[str, str]:
    """Path -> volume."""
    return {each["mountPath"]: each["name"] for each in container(case, name)["volumeMounts"]}


def variables(case: str, name: str) -> dict[str, str]:
    """The container's environment, as the first pod of the stage has it."""
    given = {}
    for entry in container(case, name)["env"]:
        field = entry.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
        given[entry["name"]] = f"leakstream-{name}-0" if field == "metadata.name" else entry["value"]
    return given
