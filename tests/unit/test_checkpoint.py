"""Checkpoints: whichever write is cut off, the run goes on from the last finished epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fetal_model.training import checkpoint
from fetal_model.training.checkpoint import BEST, HISTORY, read_rows

CHOOSES = "val_loss"


class CutOff(BaseException):
    """Stands in for `kill -9`."""


def learner() -> Any:
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), loss="mse", jit_compile=False)
    return model


def fit(run: Path, epochs: int) -> tuple[Any, int]:
    """Train up to `epochs`, going on where the run stopped; returns the model and where."""
    import keras

    run.mkdir(exist_ok=True)
    model = learner()
    done = checkpoint.resume(model, run, CHOOSES)
    x = np.random.default_rng(0).normal(size=(16, 3)).astype(np.float32)
    y = x.sum(axis=1, keepdims=True)
    model.fit(
        x, y, validation_data=(x, y), batch_size=4, shuffle=False, verbose=0,
        initial_epoch=done, epochs=epochs,
        callbacks=[
            keras.callbacks.CSVLogger(run / HISTORY, append=True),
            checkpoint.Checkpoint(run, CHOOSES),
        ],
    )  # fmt: skip
    return model, done


def epochs_of(run: Path) -> list[int]:
    return [int(row["epoch"]) for row in read_rows(run)]


def test_a_run_in_two_parts_is_the_run_in_one(tmp_path: Path) -> None:
    whole, _ = fit(tmp_path / "whole", 6)
    fit(tmp_path / "parts", 2)
    parts, done = fit(tmp_path / "parts", 6)
    assert done == 2
    assert parts.optimizer.iterations == whole.optimizer.iterations == 6 * 4
    for one, two in zip(whole.get_weights(), parts.get_weights(), strict=True):
        assert np.allclose(one, two, atol=1e-6)
    assert epochs_of(tmp_path / "parts") == list(range(6))
    assert [file.name for file in (tmp_path / "parts" / "backup").iterdir()] == [
        "after-0006.weights.h5"
    ]


def cut_off_writing_weights(patch: pytest.MonkeyPatch) -> None:
    import keras

    def save(self: Any, path: Path, **_: Any) -> None:
        Path(path).write_bytes(b"half")
        raise CutOff

    patch.setattr(keras.Model, "save_weights", save)


def cut_off_before_the_best(patch: pytest.MonkeyPatch) -> None:
    copy, copied = checkpoint._copy, []

    def copy_once(source: Path, target: Path) -> None:
        if copied:  # the first is by `resume`
            raise CutOff
        copied.append(target)
        copy(source, target)

    patch.setattr(checkpoint, "_copy", copy_once)


@pytest.mark.parametrize(
    ("cut_off", "done"), [(cut_off_writing_weights, 2), (cut_off_before_the_best, 3)]
)
def test_a_write_that_was_cut_off_costs_at_most_its_epoch(
    cut_off: Any, done: int, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    fit(run, 2)
    with pytest.MonkeyPatch.context() as patch:
        cut_off(patch)
        with pytest.raises(CutOff):
            fit(run, 4)
    assert epochs_of(run) == [0, 1, 2]
    model, found = fit(run, 4)
    assert found == done
    assert epochs_of(run) == [0, 1, 2, 3]
    # the loss falls in every epoch, so the best is the last
    best = learner()
    best.load_weights(run / BEST)
    for one, two in zip(best.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(one, two)


@pytest.mark.parametrize("end", ["2,0.0", "2,0.01,0.0", "2", '2,"', "\n"])
def test_half_a_line_of_the_history_is_dropped(end: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    fit(run, 2)
    with (run / HISTORY).open("a", encoding="utf-8") as file:
        file.write(end)
    _, done = fit(run, 4)
    assert done == 2
    assert epochs_of(run) == [0, 1, 2, 3]


def test_cut_off_in_its_first_epoch_a_run_begins_anew(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / HISTORY).write_text("epoch,loss,val_lo", encoding="utf-8")
    (run / BEST).write_bytes(b"of another run")
    _, done = fit(run, 1)
    assert done == 0
    assert epochs_of(run) == [0]
    learner().load_weights(run / BEST)


def test_only_a_better_epoch_becomes_the_best(tmp_path: Path) -> None:
    model = learner()
    made = checkpoint.Checkpoint(tmp_path, CHOOSES)
    made.set_model(model)
    kept = []
    for epoch, value in enumerate((float("nan"), 3.0, 2.0, 2.5, float("nan"), 1.0)):
        model.set_weights([np.full_like(w, epoch) for w in model.get_weights()])
        made.on_epoch_end(epoch, {CHOOSES: value})
        best = learner()
        best.load_weights(tmp_path / BEST)
        kept.append(int(best.get_weights()[0][0, 0]))
    assert kept == [0, 1, 2, 2, 2, 5]
