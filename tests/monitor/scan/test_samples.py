"""Weak passwords of tests, examples and documentation."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from detectors import Finding, Scanner, load_rules
from detectors.model import Proof, Verdict
from detectors.synthetic import secret_for
from monitor.scan.samples import Samples

WEAK = b"password: '" + b"Berlin" + b"2019!'\n"
STRONG = b"password: '" + b"xK9+vQ7pLm" + b"#tR2wZ8'\n"


@cache
def scanner() -> Scanner:
    return Scanner(load_rules())


def finding(content: bytes) -> Finding:
    (found,) = scanner().scan(content)
    return found


def project(tmp_path: Path) -> Path:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "pyproject.toml").touch()
    return tmp_path


def has(root: Path, path: str, content: bytes) -> bool:
    return Samples(root).has(str(root / path), content, finding(content))


@pytest.mark.parametrize(
    "path",
    [
        "acme/tests/a.yml",
        "acme/src/acme/test/deep/a.yml",
        "acme/docs/a.rst",
        "acme/examples/a.py",
        "acme/integration_tests/a.yml",
        "acme/src/fixtures/a.json",
        "acme/src/test_login.py",
        "acme/src/login_test.go",
        "acme/src/login.spec.ts",
    ],
)
def test_a_weak_password_in_tests_and_documentation_is_a_sample(tmp_path: Path, path: str) -> None:
    assert has(project(tmp_path), path, WEAK)


@pytest.mark.parametrize(
    "path", ["acme/src/a.yml", "acme/contest/a.yml", "acme/latest/a.yml", "acme/attests.yml", "acme/tests"]
)
def test_elsewhere_it_is_none(tmp_path: Path, path: str) -> None:
    assert not has(project(tmp_path), path, WEAK)


def test_a_folder_of_samples_that_is_in_no_project_is_a_heap_of_files(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    assert not has(tmp_path, "samples/a.yml", WEAK)
    (tmp_path / "samples" / "package.json").touch()  # a project inside of it has its own
    assert not has(tmp_path, "samples/a.yml", WEAK)
    assert has(tmp_path, "samples/docs/a.yml", WEAK)


def test_what_stands_above_the_scanned_folder_says_nothing(tmp_path: Path) -> None:
    root = project(tmp_path) / "acme" / "tests"
    assert not has(root, "a.yml", WEAK)


def test_a_generated_password_a_key_and_what_is_proved_are_told_everywhere(tmp_path: Path) -> None:
    root = project(tmp_path)
    assert not has(root, "acme/tests/a.yml", STRONG)
    token = b"GITHUB_TOKEN=" + secret_for(scanner().rules["github-pat-classic"], random.Random(1)) + b"\n"
    assert not has(root, "acme/tests/a.yml", token)
    proved = replace(finding(WEAK), proof=Proof(Verdict.PROVED, "x"))
    assert not Samples(root).has(str(root / "acme/tests/a.yml"), WEAK, proved)
    part_of_a_set = replace(finding(WEAK), set_id="acme-set")
    assert not Samples(root).has(str(root / "acme/tests/a.yml"), WEAK, part_of_a_set)


def test_a_hash_in_a_test_is_a_sample(tmp_path: Path) -> None:
    stored = secret_for(scanner().rules["password-hash-sha512crypt"], random.Random(1))
    content = b"root:" + stored + b":18000:0:99999:7:::\n"
    (found,) = (one for one in scanner().scan(content) if one.rule.provider == "password-hash")
    root = project(tmp_path)
    assert Samples(root).has(str(root / "acme/tests/shadow"), content, found)
    assert not Samples(root).has(str(root / "acme/etc/shadow"), content, found)


def test_a_line_of_yaml_in_python_is_documentation(tmp_path: Path) -> None:
    root = project(tmp_path)
    for content in (
        b'EXAMPLES = """\n  - name: x\n    ' + WEAK + b'"""\n',
        b"#   " + WEAK,
    ):
        assert has(root, "acme/src/a.py", content)
        assert not has(root, "acme/src/a.yml", content)
        assert not has(tmp_path / "none", "src/a.py", content)
    for code in (b'password = "Berlin' + b'2019!"\n', b'x = {"password": "Berlin' + b'2019!"}\n'):
        assert not has(root, "acme/src/a.py", code)


def test_what_a_device_keeps_of_a_password_is_a_sample(tmp_path: Path) -> None:
    root = project(tmp_path)
    content = b"snmp-server community " + b"Kestrel" + b"-9 RW\n"
    assert has(root, "acme/docs/a.rst", content)
    assert not has(root, "acme/etc/running.cfg", content)
