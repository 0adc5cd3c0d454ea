from __future__ import annotations

from pathlib import Path
from random import Random

from acme_rules import ruleset, scanner
from benchmarks.engine_memory import SIZES, cut, files_of, measure, of_tree
from detectors.synthetic import secret_for


def test_the_figures_of_a_tree(tmp_path: Path) -> None:
    token = secret_for(ruleset()["acme-token"], Random(1))
    for n in range(4):
        (tmp_path / f"f{n}").write_bytes(b"nothing here\n" * 2000 + token + b"\n")

    figures = measure(scanner(), tmp_path, megabytes=1)

    assert [d["bytes"] for d in figures["documents"]] == list(SIZES)
    assert (
        figures["documents"][0]["findings"] == 3
    )  # the last one stands in the remainder that fills no document
    tree = of_tree(scanner(), tmp_path, megabytes=1)
    assert tree["loudest"][0]["name"] == "acme-token"
    assert round(tree["hits_per_mb"] * tree["megabytes"]) == 4
    assert tree["raw_mb_s"]["best"] > 0


def test_files_are_chosen_alike_each_time_and_cut_to_size(tmp_path: Path) -> None:
    for n in range(9):
        (tmp_path / f"f{n}").write_bytes(b"%d" % n * 100)

    chosen = files_of(tmp_path, 300)

    assert chosen == files_of(tmp_path, 300)
    assert len(chosen) == 3
    assert [len(d) for d in cut(chosen, 50)] == [50] * 6
