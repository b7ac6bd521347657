"""Scans made of two: how much of each is what the targets say."""

import numpy as np
import pytest

from fetal_model.dataset.manifest import Record

COUNT, SIDE = 64, 40


def mixed(kind: str, seed: int = 3, moment: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scans of one grey each, from 0 to 63, their targets, one a scan, and weights."""
    from fetal_model.dataset.mixing import mix

    grey = np.broadcast_to(np.arange(COUNT)[:, None, None, None], (COUNT, SIDE, SIDE, 1))
    parts = np.eye(COUNT, dtype=np.float32), np.arange(COUNT, dtype=np.float32)
    made, (targets, weights) = mix(kind, grey.astype(np.float32), parts, seed, moment)  # type: ignore[arg-type]
    return np.asarray(made), np.asarray(targets), np.asarray(weights)


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_targets_say_how_much_of_a_scan_is_of_which(kind: str) -> None:
    made, targets, weights = mixed(kind)
    mean = made.mean(axis=(1, 2, 3))
    assert mean == pytest.approx(targets @ np.arange(COUNT), abs=1e-3)
    assert weights == pytest.approx(targets @ np.arange(COUNT), abs=1e-3)
    assert targets.sum(axis=1) == pytest.approx(1, abs=1e-5)
    own = np.diag(targets)
    assert own.std() > 0.1
    assert own.min() < 0.5 < own.max()


def test_mixup_is_a_mean_and_cutmix_a_rectangle() -> None:
    for scan in mixed("mixup")[0]:
        assert np.ptp(scan) == 0
    sizes = []
    for number, scan in enumerate(mixed("cutmix")[0][:-1]):
        other = scan[..., 0] == number + 1
        assert (other | (scan[..., 0] == number)).all()
        rows, columns = np.flatnonzero(other.any(axis=1)), np.flatnonzero(other.any(axis=0))
        assert other.sum() == len(rows) * len(columns)
        sizes.append(len(rows))
    assert min(sizes) < SIDE / 4 < SIDE / 2 < max(sizes)


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_the_same_batch_is_mixed_alike_and_another_is_not(kind: str) -> None:
    first = mixed(kind)[1]
    assert np.array_equal(first, mixed(kind)[1])
    assert not np.array_equal(first, mixed(kind, moment=1)[1])
    assert not np.array_equal(first, mixed(kind, seed=4)[1])


def test_a_crop_shows_a_part_of_the_scan_enlarged() -> None:
    from fetal_model.dataset.mixing import crop

    ramp = np.linspace(0, 255, SIDE, dtype=np.float32)
    grey = np.broadcast_to(ramp[None, :, None, None], (COUNT, SIDE, SIDE, 1))
    made = np.asarray(crop(grey, 0.4, seed=0, moment=0))
    assert made.shape == grey.shape
    span = made.max(axis=(1, 2, 3)) - made.min(axis=(1, 2, 3))
    assert (span >= 255 * 0.6 - 1).all()
    assert (span <= 255).all()
    assert span.std() > 5
    assert made.min(axis=(1, 2, 3)).std() > 5  # not always about the centre
    assert np.array_equal(made, crop(grey, 0.4, seed=0, moment=0))


def test_batches_for_training_are_mixed(tmp_path_factory: pytest.TempPathFactory) -> None:
    import cv2

    from fetal_model.dataset.pipeline import augmentation, batches
    from fetal_model.scan.preprocess import InputSpec
    from fetal_model.training.recipe_tables import Augmentation

    folder = tmp_path_factory.mktemp("scans")
    records = []
    for number in range(4):
        file = folder / f"{number}.png"
        cv2.imwrite(str(file), np.full((SIDE, SIDE), 60 * number + 10, np.uint8))
        records.append(Record(file.name, file, "brain", "", "made", "", simulated=True))
    targets = np.eye(4, dtype=np.float32)
    unchanged = augmentation(Augmentation().model_dump(), seed=0)
    spec = InputSpec(SIDE, SIDE, "0-255")
    data = batches(records, targets, spec, 4, unchanged, mixed="mixup")
    ((grey, told),) = [(scans.numpy(), shares.numpy()) for scans, shares in data]
    greys = np.array([10, 70, 130, 190])
    assert grey.mean(axis=(1, 2, 3)) == pytest.approx(told @ greys, abs=1e-2)
    assert (told.max(axis=1) < 0.999).any()
