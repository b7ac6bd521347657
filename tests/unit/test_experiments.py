"""Recipes are judged by arithmetic that can be done by hand, and nothing is left out silently."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import t, ttest_rel
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from fetal_model.anatomy import KEYS
from fetal_model.evaluation import seeds
from fetal_model.evaluation.docs_experiments import experiments
from fetal_model.evaluation.experiments import (
    BASE,
    BETTER,
    SAME,
    UNJUDGED,
    WORSE,
    confused,
    flattery,
    group_runs,
    judge_all,
    read_plan,
)  # fmt: skip
from fetal_model.evaluation.metrics import Proportion
from fetal_model.evaluation.paired import holm
from fetal_model.evaluation.runs import COLUMNS, OWN_TEST, REAL, Run, read_runs

PATIENTS = 60
SCANS = 4 * PATIENTS
BY = "tensorflow float32"
TRUTH = [KEYS[i % 4] for i in range(SCANS)]


def write_run(
    folder: Path, recipe: str, seed: int, wrong: set[int], held_out: set[int] | None = None,
    real: set[int] | None = None, **changes: Any,
) -> None:  # fmt: skip
    """A run that takes the scans `wrong` for the next anatomy; the fourth of each patient's four
    scans is a thorax, and so on. `held_out` are the errors among as many scans of its own."""
    settings = {
        "recipe": recipe, "seed": seed, "side": 128, "epochs": 30, "train_scans": 1317,
        "test_scans": SCANS, "parameters": 190_000, "seconds_per_epoch": 4.0 + seed,
        "best_epoch": 20, "accuracy_train": 0.95, "accuracy_validation": 0.9, "leaky": False,
        "backend": "tensorflow", "precision": "float32", "data_fingerprint": "d",
        "test_fingerprint": "t", "finished": "2026-01-01T00:00:00",
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    name = f"{recipe}-{changes.get('side', 128)}-{seed}"
    (folder / f"{name}.json").write_text(json.dumps({**settings, **changes}))
    answered = (
        (folder, "test", wrong), (folder / OWN_TEST, "own", held_out), (folder / REAL, "r", real),
    )  # fmt: skip
    for place, part, errors in answered:
        if errors is None:
            continue
        place.mkdir(exist_ok=True)
        with gzip.open(place / f"{name}.csv.gz", "wt", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for i in range(SCANS):
                answer = KEYS[(i + (i in errors)) % 4]
                shares = [0.7 if key == answer else 0.1 for key in KEYS]
                writer.writerow([f"{i}.png", f"{part}{i // 4}", TRUTH[i], "good", "sim-a", *shares])


def every(step: int, start: int = 0) -> set[int]:
    return set(range(start, SCANS, step))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Three seeds of the base, and recipes of which one is much better, one much worse."""
    folder = tmp_path_factory.mktemp("runs")
    for seed in range(3):
        write_run(folder, "seed-cnn", seed, every(10, seed), every(12, seed))
        write_run(folder, "seed-cnn-dropout", seed, every(60, seed))
        write_run(folder, "seed-cnn-plain", seed, every(4, seed))
        write_run(folder, "seed-cnn-deeper", seed, every(10, seed + 1))
        write_run(
            folder, "seed-cnn-random", seed, every(10, seed), every(48, seed), leaky=True,
            accuracy_validation=0.98,
        )  # fmt: skip
    write_run(folder, "seed-cnn-plateau", 0, every(11), test_fingerprint="other scans")
    write_run(folder, "seed-cnn-kernel-2", 7, every(11))
    write_run(
        folder / "torch", "seed-cnn-lion", 1, every(11), backend="torch", precision="mixed_bfloat16"
    )
    write_run(
        folder / "torch", "seed-cnn", 1, every(4), backend="torch", precision="mixed_bfloat16"
    )
    write_run(folder / "in-full", "seed-cnn", 0, every(20), side=256, epochs=50)
    write_run(folder, "seed-cnn-own", 0, every(30), real=every(4))
    return read_runs(folder)


def test_the_sample_itself_comes_first_and_is_scikit_learns(runs: list[Run]) -> None:
    groups = group_runs(runs)
    found = judge_all(groups, "seed-cnn")
    for key, wrong in (("seed-cnn", every(10)), ("seed-cnn-plain", every(4))):
        said = [[KEYS[(i + (i - seed in wrong)) % 4] for i in range(SCANS)] for seed in range(3)]
        outcome = found[key, 128, 30, BY]
        accuracies = [accuracy_score(TRUTH, answers) for answers in said]
        assert [run.test.accuracy for run in outcome.runs] == pytest.approx(accuracies)
        assert outcome.accuracy.value == pytest.approx(np.mean(accuracies))
        balanced = [balanced_accuracy_score(TRUTH, answers) for answers in said]
        assert outcome.training.value == pytest.approx(0.95)
        assert outcome.balanced.value == pytest.approx(np.mean(balanced))


def test_verdicts(runs: list[Run]) -> None:
    found = {key[0]: outcome for key, outcome in judge_all(group_runs(runs), "seed-cnn").items()
             if key[1:] == (128, 30, BY)}  # fmt: skip
    assert found["seed-cnn"].verdict == BASE
    better = found["seed-cnn-dropout"]
    assert better.verdict == BETTER
    assert better.difference is not None
    # 24 of 240 wrong against 4
    assert better.difference.value == pytest.approx(20 / 240)
    assert 0 < better.difference.low < 20 / 240 < better.difference.high
    assert found["seed-cnn-plain"].verdict == WORSE
    same = found["seed-cnn-deeper"]
    assert same.verdict == SAME
    assert same.difference is not None and same.difference.value == pytest.approx(0)
    assert found["seed-cnn-plateau"].verdict == "not compared: tested on other scans"
    assert "no such run of the same seed" in found["seed-cnn-kernel-2"].verdict
    assert found["seed-cnn-kernel-2"].p is None


def test_a_run_is_compared_with_the_base_by_the_same_backend(runs: list[Run]) -> None:
    groups = group_runs(runs)
    found = judge_all(groups, "seed-cnn")["seed-cnn-lion", 128, 30, "torch mixed_bfloat16"]
    # 60 of 240 wrong against 22, not 24 as by the other
    assert found.difference is not None
    assert found.difference.value == pytest.approx(38 / 240)
    del groups["seed-cnn", 128, 30, "torch mixed_bfloat16"]
    alone = judge_all(groups, "seed-cnn")["seed-cnn-lion", 128, 30, "torch mixed_bfloat16"]
    assert alone.verdict == "not compared: seed-cnn has no such run of the same seed"
    assert alone.difference is None


def test_a_recipe_can_have_a_base_of_its_own(runs: list[Run]) -> None:
    others = {"seed-cnn-dropout": ("seed-cnn-plain", None)}
    found = judge_all(group_runs(runs), "seed-cnn", others)
    beside = found["seed-cnn-dropout", 128, 30, BY]
    assert beside.base == "seed-cnn-plain"
    assert beside.verdict == BETTER
    # 60 of 240 wrong against 4
    assert beside.difference is not None and beside.difference.value == pytest.approx(56 / 240)
    assert found["seed-cnn-plain", 128, 30, BY].base == "seed-cnn"


def test_p_is_corrected_for_what_is_compared_only(runs: list[Run]) -> None:
    found = judge_all(group_runs(runs), "seed-cnn").values()
    compared = [o for o in found if o.p is not None and o.holm is not None]
    assert len(compared) == 5
    assert [o.holm for o in compared] == holm([o.p or 0 for o in compared])
    assert all(o.holm is None for o in found if o.p is None)


def test_a_paired_difference_forgets_what_both_get_wrong(runs: list[Run]) -> None:
    """Two recipes with the same errors differ by nothing, however uncertain each is."""
    own = judge_all(group_runs(runs), "seed-cnn")["seed-cnn-random", 128, 30, BY]
    assert own.difference is not None
    found = (own.difference.low, own.difference.value, own.difference.high)
    assert found == pytest.approx((0, 0, 0), abs=1e-9)
    assert own.verdict == SAME
    assert own.accuracy.high > own.accuracy.low


def test_spread_is_the_residual_of_an_analysis_of_variance() -> None:
    table = {"a": [0.80, 0.84, 0.82], "b": [0.90, 0.91, 0.95], "c": [0.70, 0.75, 0.71]}
    values = {(name, seed): v for name, row in table.items() for seed, v in enumerate(row)}
    figures = np.array(list(table.values()))
    within = figures - figures.mean(axis=1, keepdims=True)
    alone = seeds.spread(values)
    assert alone.freedom == 6
    assert alone.deviation**2 == pytest.approx((within**2).sum() / 6)
    both = seeds.spread(values, paired=True)
    assert both.freedom == 4
    residual = within - within.mean(axis=0)
    assert both.deviation**2 == pytest.approx((residual**2).sum() / 4)
    assert seeds.spread({("a", 0): 0.8, ("b", 0): 0.9}) == seeds.Spread(0, 0)


def test_seeds_alone_give_students_interval_and_test(tmp_path: Path) -> None:
    """No patient differs from another, so that resampling the patients changes nothing."""
    wrong = {"seed-cnn": (1, 1, 2), "seed-cnn-plain": (2, 3, 3)}
    for recipe, counts in wrong.items():
        for seed, count in enumerate(counts):
            write_run(tmp_path, recipe, seed, {i for i in range(SCANS) if i % 4 < count})
    found = judge_all(group_runs(read_runs(tmp_path)), "seed-cnn")
    first, second = (1 - np.array(wrong[recipe]) / 4 for recipe in wrong)
    # four degrees of freedom: both recipes lend their spread to the mean of one
    deviation = np.sqrt((np.var(first, ddof=1) + np.var(second, ddof=1)) / 2)
    low, high = t.interval(0.95, 4, loc=first.mean(), scale=deviation / np.sqrt(3))
    accuracy = found["seed-cnn", 128, 30, BY].accuracy
    assert accuracy.high - accuracy.low == pytest.approx(high - low, rel=0.05)
    outcome = found["seed-cnn-plain", 128, 30, BY]
    expected = ttest_rel(second, first)
    assert outcome.p == pytest.approx(expected.pvalue, abs=0.01)
    low, high = expected.confidence_interval()
    assert outcome.difference is not None
    assert outcome.difference.high - outcome.difference.low == pytest.approx(high - low, rel=0.1)


def test_one_seed_is_no_verdict(tmp_path: Path) -> None:
    write_run(tmp_path, "seed-cnn", 0, set())
    write_run(tmp_path, "seed-cnn-plain", 0, set(range(0, SCANS, 2)))
    found = judge_all(group_runs(read_runs(tmp_path)), "seed-cnn")["seed-cnn-plain", 128, 30, BY]
    assert found.difference is not None
    assert found.difference.value == pytest.approx(-0.5)
    assert (found.p, found.holm, found.verdict) == (None, None, UNJUDGED)


def test_a_recipe_that_repeats_another_lends_no_certainty(tmp_path: Path) -> None:
    wrong = {"seed-cnn": (1, 1, 2), "seed-cnn-plain": (2, 3, 3), "seed-cnn-plateau": (1, 1, 2)}
    for recipe, counts in wrong.items():
        for seed, count in enumerate(counts):
            write_run(tmp_path, recipe, seed, {i for i in range(SCANS) if i % 4 < count})
    groups = group_runs(read_runs(tmp_path))
    beside = judge_all(groups, "seed-cnn")
    without = judge_all({k: g for k, g in groups.items() if "plateau" not in k[0]}, "seed-cnn")
    plain, plateau = ("seed-cnn-plain", 128, 30, BY), ("seed-cnn-plateau", 128, 30, BY)
    assert beside[plain].freedom == without[plain].freedom == 4
    assert (beside[plain].p, beside[plain].difference) == (
        without[plain].p, without[plain].difference
    )  # fmt: skip
    assert (beside[plateau].alike, beside[plain].alike) == (3, 0)


def test_recipes_apart_have_a_spread_of_their_own(tmp_path: Path) -> None:
    wrong = {"seed-cnn": (1, 1, 1), "seed-cnn-plain": (1, 1, 1), "few": (0, 2, 4)}
    for recipe, counts in wrong.items():
        for seed, count in enumerate(counts):
            other = recipe == "seed-cnn-plain"  # as many errors, of other scans
            write_run(tmp_path, recipe, seed, {i for i in range(SCANS) if (i + other) % 4 < count})
    groups = group_runs(read_runs(tmp_path))
    together = judge_all(groups, "seed-cnn")
    apart = judge_all(groups, "seed-cnn", apart={"few": "Few"})
    plain, few = ("seed-cnn-plain", 128, 30, BY), ("few", 128, 30, BY)
    assert (together[plain].freedom, apart[plain].freedom, apart[few].freedom) == (6, 4, 2)
    assert apart[plain].accuracy.low == pytest.approx(0.75)
    assert together[plain].accuracy.low < 0.6
    assert apart[few].accuracy.low < together[few].accuracy.low
    # beside a base of another spread nothing is paired: here all of it is that of the few
    difference = apart[few].difference
    assert difference is not None
    width = 2 * t.ppf(0.975, 2) * 0.5 / np.sqrt(3)
    assert difference.high - difference.low == pytest.approx(width, rel=0.1)


def test_the_spread_between_patients_is_that_of_a_cluster_sample(tmp_path: Path) -> None:
    """Each patient is right throughout or wrong throughout: as many scans as patients count."""
    write_run(tmp_path, "r", 0, {i for i in range(SCANS) if i // 4 % 3 == 0})
    (run,) = read_runs(tmp_path)
    drawn = seeds.accuracy(seeds.confusions([run.test], sorted(set(run.test.patients))))
    assert np.var(drawn[1:]) == pytest.approx(2 / 9 / PATIENTS, rel=0.05)


def test_p_by_hand() -> None:
    assert seeds.p_value(np.array([1.0] * 97 + [-1.0] * 2)) == pytest.approx(2 * 3 / 100)
    assert seeds.p_value(np.zeros(99)) == 1


def test_a_leak_flatters(runs: list[Run]) -> None:
    groups = group_runs(runs)
    base, leaky = groups["seed-cnn", 128, 30, BY], groups["seed-cnn-random", 128, 30, BY]
    own = flattery(base, base)
    assert own is not None and own.above_base is None
    assert own.held_out.value == pytest.approx(1 - 20 / 240)
    assert own.above_test.value == pytest.approx(24 / 240 - 20 / 240)
    found = flattery(leaky, base)
    assert found is not None and found.above_base is not None
    assert found.above_base.value == pytest.approx(20 / 240 - 5 / 240)
    assert found.above_base.low < found.above_base.value < found.above_base.high
    assert flattery(groups["seed-cnn-plain", 128, 30, BY], base) is None


def test_confusions_between_two_anatomies(runs: list[Run]) -> None:
    base = group_runs(runs)["seed-cnn", 128, 30, BY]
    # errors are every tenth scan, from the seed on: brain and femur first, then the other two
    errors, share = confused(base, base, 0, 1)
    assert errors == 24
    assert share.value == pytest.approx(24 / 72)
    assert 0 <= share.low < share.value < share.high <= 1
    assert (
        sum(confused(base, base, one, one + 1)[0] for one in range(3))
        + confused(base, base, 0, 3)[0]
        == 72
    )


def test_the_document_has_a_row_for_every_recipe(runs: list[Run]) -> None:
    text = experiments(runs)
    plan = read_plan()
    for section in plan["section"]:
        assert f"## {section['title']} (simulated)" in text
        for row in section["row"]:
            assert f"| {row['recipe']} | {row['tried']} |" in text
    lines = {line.split(" | ")[0][2:]: line for line in reversed(text.splitlines())}
    assert lines["seed-cnn-dropout"].count("| better |") == 1
    assert "validation about +2 points" in lines["seed-cnn-dropout"]
    assert "+0.083 (" in lines["seed-cnn-dropout"]
    assert lines["seed-cnn-lion"].endswith("left out; torch mixed_bfloat16 |")
    assert "leaky: patients on both sides" in lines["seed-cnn-random"]
    assert "the very answers of seed-cnn in 3 of 3 seeds" in lines["seed-cnn-random"]
    assert "very answers" not in lines["seed-cnn-deeper"]
    assert "sweep seed-cnn-size-100 --seeds 3" in lines["seed-cnn-size-100"]
    assert "1 seed; spread between seeds unknown and left out; 256 x 256, 50 epochs" in text
    assert "seed-cnn-own" in text.split("## Other runs (simulated)")[1]
    assert "(240 simulated scans of 60 patients)" in text
    assert "+0.062 (" in text.split("### How much a leak flatters")[1]
    on_real = text.split("## The recipes on real scans")[1].split("##")[0]
    assert f"| seed-cnn-own | 128 | 30 | {BY} | 0: {Proportion(180, 240)} |" in on_real
    assert on_real.count("seed-cnn") == 1


def test_an_ensemble_is_of_its_own_conditions(tmp_path: Path) -> None:
    by = {"side": 80, "epochs": 8, "backend": "torch", "precision": "mixed_bfloat16"}
    for seed in range(3):
        write_run(tmp_path, "densenet121", seed, every(9, start=seed), **by)
        write_run(tmp_path, "densenet169", seed, every(9, start=3 + seed), **by)
    text = experiments(read_runs(tmp_path)).split("## Several asked together")[1]
    rows = [line for line in text.splitlines() if line.startswith("| DenseNet121 and")]
    assert [row.split(" | ")[1:3] for row in rows] == [["6", "averaging"], ["6", "voting"]]
    assert all(" | 1.000 (1.000 to 1.000) | " in row for row in rows)  # no two err alike
    assert all(row.endswith("| 80 x 80, 8 epochs; torch mixed_bfloat16 |") for row in rows)
    assert "| the seeds of the seed CNN | not all run yet |" in text


def test_without_runs_every_row_says_how_to_run_it() -> None:
    text = experiments([])
    rows = sum(len(section["row"]) for section in read_plan()["section"])
    ours = text.count(": `python -m fetal_model sweep ")
    by_torch = text.count(": `KERAS_BACKEND=torch python -m fetal_model sweep ")
    assert min(ours, by_torch) > 0
    assert ours + by_torch == rows - 1
    assert "--side 224 --epochs 8 --output docs/results/experiments/torch/side-224`" in text
    assert "not run: data unavailable: `python -m fetal_model train fetal-planes --data " in text
    assert text.count("not run: weights unavailable: `KERAS_BACKEND=torch python -m ") == 5
    assert "Other runs" not in text


def test_unfinished_runs_do_not_count(tmp_path: Path) -> None:
    write_run(tmp_path, "r", 0, set(), finished=None)
    assert read_runs(tmp_path) == []
    assert read_runs(tmp_path / "absent") == []


def test_what_is_incomplete_is_named(tmp_path: Path) -> None:
    write_run(tmp_path, "r", 0, set(), test_scans=3)
    with pytest.raises(ValueError, match=r"r-128-0.csv.gz: expected 3 test scans .* found 240"):
        read_runs(tmp_path)
    (tmp_path / "r-128-0.csv.gz").unlink()
    with pytest.raises(ValueError, match=r"r-128-0.csv.gz: expected the answers"):
        read_runs(tmp_path)
    write_run(tmp_path, "r", 0, set(), simulated=False)
    with pytest.raises(ValueError, match=r"r-128-0.json: expected a simulated run"):
        read_runs(tmp_path)
    (tmp_path / "r-128-0.json").write_text("{}")
    with pytest.raises(ValueError, match=r"r-128-0.json: expected the key recipe"):
        read_runs(tmp_path)


def test_the_same_run_twice_is_refused(runs: list[Run]) -> None:
    with pytest.raises(ValueError, match="each seed once, found one twice"):
        group_runs([*runs, runs[0]])
