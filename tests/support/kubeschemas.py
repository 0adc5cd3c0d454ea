"""JSON schemas of Kubernetes' own objects and of the Prometheus operator's, as files that kubeconform reads: strict, each complete in itself.

Kubernetes' come from the wheel kubernetes-validate, made from its published API of each version; the operator's are made here out of its own
definitions (CRDs). Nothing of them is in the repository.
"""

from __future__ import annotations

import fcntl
import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from debian import home
from gotools import module
from wheels import wheel

OLDEST: Final = "1.29"  # what the chart's kubeVersion asks for
NEWEST: Final = "1.37"
KINDS: Final = "{{.ResourceKind}}{{.KindSuffix}}.json"  # kubeconform's name of a file in a folder

_WHEEL = ("kubernetes-validate", "1.37.0", "85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9")
_OPERATOR = (
    "github.com/prometheus-operator/prometheus-operator",
    "v0.79.2",
    "h1:H/HCiMS4dXQyiFHw28PFlWMh15YUraL3MFe8u7k7dGA=",
)
_HERE = "#/$defs/"
_ELSEWHERE = f"/api/_definitions.json{_HERE}"
_MADE_BY = "2"  # of this script: another number makes the files anew


def schemas(version: str) -> Path:
    """A folder with a file for every kind of Kubernetes `version` ("1.31") and for ServiceMonitor and PrometheusRule. Blocks while it is made
    for the first time. Raises debian.Unavailable.
    """
    base = home() / "kubernetes"
    folder = base / f"{version}-{_MADE_BY}"
    if not folder.exists():
        base.mkdir(parents=True, exist_ok=True)
        with (base / "lock").open("w") as lock, tempfile.TemporaryDirectory(dir=base) as work:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                (made := Path(work) / "made").mkdir()
                for name, schema in (*_of_kubernetes(version), *_of_the_operator()):
                    (made / f"{name}.json").write_text(json.dumps(schema))
                made.rename(folder)
    return folder


def _of_kubernetes(version: str) -> Iterator[tuple[str, Any]]:
    with zipfile.ZipFile(wheel(*_WHEEL)) as packed:
        folder = f"kubernetes_validate/kubernetes-json-schema/v{version}.0-local-strict/"
        definitions = json.loads(packed.read(f"{folder}_definitions.json"))["$defs"]
        for path in packed.namelist():
            if not path.startswith(folder) or path.endswith("_definitions.json"):
                continue
            schema = json.loads(packed.read(path))
            if "enum" in schema.get("properties", {}).get("kind", {}):  # an object, not a part of one
                del schema["$id"]
                yield Path(path).stem, _complete(schema, definitions)


def _complete(schema: Any, definitions: dict[str, Any]) -> Any:
    """`schema` with every definition that it refers to, directly or not."""
    needed: dict[str, Any] = {}
    found = _references(schema)
    while found:
        name = found.pop()
        if name not in needed:
            needed[name] = definitions[name]
            found |= _references(definitions[name])
    text = json.dumps({**schema, "$defs": needed})
    return json.loads(text.replace(_ELSEWHERE, _HERE))


def _references(part: Any) -> set[str]:
    if isinstance(part, list):
        return set().union(*map(_references, part))
    if not isinstance(part, dict):
        return set()
    here = part.get("$ref")
    own = {here.rpartition(_HERE)[2]} if isinstance(here, str) else set()
    return own.union(*map(_references, part.values()))


def _of_the_operator() -> Iterator[tuple[str, Any]]:
    folder = module(*_OPERATOR) / "example" / "prometheus-operator-crd"
    for kinds in ("servicemonitors", "prometheusrules"):
        definition = yaml.safe_load((folder / f"monitoring.coreos.com_{kinds}.yaml").read_text())["spec"]
        for version in definition["versions"]:
            name = f"{definition['names']['singular']}-monitoring-{version['name']}"
            yield name, _strict(version["schema"]["openAPIV3Schema"], whole=True)


def _strict(schema: Any, *, whole: bool = False) -> Any:
    """A schema of a CRD as JSON schema that takes no unknown field, where it does not say that there may be some."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    strict = {key: _strict(value) for key, value in schema.items() if key not in ("properties", "format")}
    if isinstance(properties := schema.get("properties"), dict):
        strict["properties"] = {name: _strict(each) for name, each in properties.items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            strict["additionalProperties"] = False
    if whole:  # what a CRD leaves to Kubernetes
        strict["properties"]["metadata"] = {"type": "object"}
    return strict
