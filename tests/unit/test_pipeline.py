"""Batches hold what serving would feed the network; only training changes them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fetal_model.dataset.manifest import Record
from fetal_model.scan import read_scan
from fetal_model.scan.preprocess import InputSpec, preprocess
from fetal_model.training.recipe_tables import Augmentation

HEIGHT, WIDTH = 48, 64


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """Seven speckled scans with a black margin, of the size of the network's input."""
    folder = tmp_path_factory.mktemp("scans")
    rng = np.random.default_rng(0)
    made = []
    for number in range(7):
        pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
        pixels[4:-4, 6:-6] = rng.gamma(2, 20 + 5 * number, (HEIGHT - 8, WIDTH - 12)).clip(1, 255)
        file = folder / f"{number}.png"
        cv2.imwrite(str(file), pixels)
        made.append(Record(file.name, file, "brain", "", "made", "", simulated=True))
    return made


def targets(records: list[Record]) -> np.ndarray:
    return np.eye(len(records), dtype=np.float32)


def collect(data: Any) -> tuple[np.ndarray, np.ndarray]:
    parts = [(pixels.numpy(), target.numpy()) for pixels, target in data]
    return np.concatenate([p for p, _ in parts]), np.concatenate([t for _, t in parts])


@pytest.mark.parametrize("scaling", ["0-255", "0-1", "standardise"])
@pytest.mark.parametrize("crop", ["none", "content"])
@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), (31, 97), (20, 24)])
def test_pixels_are_those_of_serving(
    size: tuple[int, int], crop: str, scaling: str, records: list[Record]
) -> None:
    from fetal_model.dataset.pipeline import batches

    spec = InputSpec(*size, scaling, crop)  # type: ignore[arg-type]
    found, _ = collect(batches(records, targets(records), spec, 3))
    assert found.shape == (7, *size, 1)
    assert found.dtype == np.float32
    for pixels, record in zip(found, records, strict=True):
        expected, _ = preprocess(read_scan(record.file), spec)
        # cached as whole grey levels: exact where nothing is resized, else half a level
        level = 0.5 * (size != (HEIGHT, WIDTH) or crop == "content") + 1e-3
        if scaling == "0-1":
            level /= 255
        elif scaling == "standardise":
            grey, _ = preprocess(read_scan(record.file), InputSpec(*size, "0-255", crop))  # type: ignore[arg-type]
            level *= 1.1 * 255 / grey.std()
        assert np.abs(pixels - expected).max() <= level


def test_an_image_of_one_grey_standardises_to_zeros() -> None:
    from fetal_model.dataset.pipeline import scale

    assert not np.any(scale(np.full((2, 5, 5, 1), 70, np.float32), "standardise"))


def test_validation_keeps_order_and_changes_nothing(records: list[Record]) -> None:
    from fetal_model.dataset.pipeline import batches

    data = batches(records, targets(records), InputSpec(HEIGHT, WIDTH, "0-255"), 3)
    assert [len(pixels) for pixels, _ in data] == [3, 3, 1]
    first, second = collect(data), collect(data)
    assert np.array_equal(first[1], targets(records))
    assert np.array_equal(first[0], second[0])


def test_training_shuffles_every_epoch_and_keeps_pairs(records: list[Record]) -> None:
    import tensorflow as tf

    from fetal_model.dataset.pipeline import augmentation, batches

    spec = InputSpec(HEIGHT, WIDTH, "0-255")
    unchanged = augmentation(Augmentation().model_dump(), seed=0)
    plain, _ = collect(batches(records, targets(records), spec, 7))
    epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
    data = batches(records, targets(records), spec, 3, unchanged, seed=1, epoch=epoch)
    orders = set()
    for number in range(4):
        epoch.assign(number)
        pixels, labels = collect(data)
        order = labels.argmax(axis=1)
        assert sorted(order) == list(range(7))
        assert np.array_equal(pixels, plain[order])
        orders.add(tuple(order))
    assert len(orders) > 1


def test_every_scan_is_decoded_once(tmp_path: Path) -> None:
    from fetal_model.dataset.pipeline import batches

    file = tmp_path / "a.png"
    cv2.imwrite(str(file), np.full((40, 40), 90, np.uint8))
    only = Record("a.png", file, "brain", "", "made", "", simulated=True)
    data = batches([only], np.ones((1, 4), np.float32), InputSpec(9, 9, "0-255"), 1)
    before, _ = collect(data)
    file.unlink()
    assert np.array_equal(collect(data)[0], before)


def test_flips_mirror_and_nothing_else(records: list[Record]) -> None:
    from fetal_model.dataset.pipeline import augmentation

    change = augmentation(Augmentation(flip="horizontal").model_dump(), seed=0)
    grey = np.stack([read_scan(record.file).pixels for record in records])[..., np.newaxis] * 255
    kinds: Counter[str] = Counter()
    for moment in range(6):
        for before, after in zip(grey, np.asarray(change(grey, moment)), strict=True):
            same = np.allclose(after, before, atol=1e-3)
            assert same or np.allclose(after, before[:, ::-1], atol=1e-3)
            kinds["same" if same else "mirrored"] += 1
    assert min(kinds.values()) > 5


@pytest.mark.parametrize(
    "change",
    [
        {"rotation": 0.2}, {"zoom": 0.3}, {"shear": 0.3}, {"translation": 0.2},
        {"brightness": 0.3}, {"contrast": 0.5},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_each_change_does_something_and_stays_grey(
    change: dict[str, float], records: list[Record]
) -> None:
    from fetal_model.dataset.pipeline import augmentation

    grey = np.stack([read_scan(record.file).pixels for record in records])[..., np.newaxis] * 255
    after = np.asarray(augmentation(Augmentation(**change).model_dump(), seed=0)(grey, 0))
    assert after.shape == grey.shape
    assert np.abs(after - grey).mean() > 1
    assert after.min() >= -1e-3
    assert after.max() <= 255 + 1e-3


def test_scans_are_changed_and_mixed_in_float32_whatever_the_network_computes_in(
    records: list[Record],
) -> None:
    import keras

    from fetal_model.dataset.pipeline import augmentation, batches

    def made() -> np.ndarray:
        changes = Augmentation(flip="horizontal", rotation=0.2, contrast=0.5).model_dump()
        spec, change = InputSpec(HEIGHT, WIDTH, "0-1"), augmentation(changes, 0)
        return collect(batches(records, targets(records), spec, 4, change, mixed="mixup"))[0]

    wanted = made()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        assert np.array_equal(made(), wanted)
    finally:
        keras.mixed_precision.set_global_policy("float32")


def test_a_batch_depends_on_seed_and_epoch_and_not_on_what_came_before(
    records: list[Record],
) -> None:
    import tensorflow as tf

    from fetal_model.dataset.pipeline import augmentation, batches

    every = {"flip": "horizontal", "rotation": 0.1, "zoom": 0.1, "shear": 0.1, "contrast": 0.1}
    spec = InputSpec(HEIGHT, WIDTH, "0-1")

    def epoch_of(number: int, seed: int, before: int) -> tuple[np.ndarray, np.ndarray]:
        epoch = tf.Variable(number, dtype=tf.int64, trainable=False)
        change = augmentation(Augmentation(**every).model_dump(), seed)
        data = batches(records, targets(records), spec, 3, change, seed, epoch=epoch)
        for _ in range(before):
            collect(data)
        return collect(data)

    pixels, labels = epoch_of(2, seed=5, before=0)
    again = epoch_of(2, seed=5, before=2)
    assert np.array_equal(again[0], pixels)
    assert np.array_equal(again[1], labels)
    assert not np.array_equal(epoch_of(3, seed=5, before=0)[0], pixels)
    assert not np.array_equal(epoch_of(2, seed=6, before=0)[0], pixels)


def test_a_flip_says_nothing_about_the_turn() -> None:
    from fetal_model.dataset.pipeline import augmentation

    # a bright dot up on the left: flips move it across, a turn moves it up or down
    grey = np.zeros((400, 33, 33, 1), np.float32)
    grey[:, 15:18, 4:7] = 255
    change = augmentation(Augmentation(flip="horizontal", rotation=0.08).model_dump(), seed=1)
    after = np.asarray(change(grey, 0))[..., 0]
    weight = after.sum(axis=(1, 2))
    row = (after.sum(axis=2) * np.arange(33)).sum(axis=1) / weight
    column = (after.sum(axis=1) * np.arange(33)).sum(axis=1) / weight
    flipped = column > 16
    # which way it was turned, as seen before the flip
    downwards = (row > 16) ^ flipped
    table = [np.mean(downwards[flipped]), np.mean(downwards[~flipped])]
    assert table == pytest.approx([0.5, 0.5], abs=0.15)


def test_scans_beyond_the_limit_go_to_a_file_that_nothing_leaves_behind(
    records: list[Record], tmp_path: Path
) -> None:
    from fetal_model.dataset.pipeline import decode

    spec = InputSpec(HEIGHT, WIDTH, "0-255")
    size = len(records) * HEIGHT * WIDTH
    inside, outside = decode(records, spec, tmp_path), decode(records, spec, tmp_path, size - 1)
    assert isinstance(outside, np.memmap)
    assert not isinstance(inside, np.memmap)
    assert np.array_equal(inside, outside)
    assert list(tmp_path.iterdir()) == []
    assert not isinstance(decode(records, spec, tmp_path, size), np.memmap)


def exchanged(grey: np.ndarray, probability: float = 1.0) -> np.ndarray:
    from fetal_model.dataset.pipeline import exchange_grey_levels

    return np.asarray(exchange_grey_levels(grey[..., np.newaxis], probability, 0, 0))[..., 0]


def test_grey_levels_of_another_scan_are_taken_on_exactly() -> None:
    # the second scan has the first one's counts at other levels, in other places
    rng = np.random.default_rng(0)
    first = rng.integers(0, 100, (40, 50))
    levels = np.sort(rng.permutation(256)[:100])
    second = rng.permutation(levels[first].ravel()).reshape(40, 50)
    found = exchanged(np.stack([first, second]).astype(np.float32))
    assert np.array_equal(found[0], levels[first])
    assert np.array_equal(np.sort(found[1].ravel()), np.sort(first.ravel()))


def test_grey_levels_come_close_and_rank_order_stays() -> None:
    rng = np.random.default_rng(1)
    shapes, scales = (2.0, 9.0, 4.0), (15.0, 10.0, 30.0)
    pairs = zip(shapes, scales, strict=True)
    grey = np.stack([rng.gamma(k, s, (60, 80)).clip(0, 255).round() for k, s in pairs])
    found = exchanged(grey.astype(np.float32))
    for index in range(3):
        before, after, other = grey[index], found[index], grey[(index + 1) % 3]
        wanted = np.bincount(other.astype(int).ravel(), minlength=256) / other.size
        have = np.bincount(after.astype(int).ravel(), minlength=256) / after.size
        # as close as whole levels allow: no step of either distribution is larger than this
        largest = max(wanted.max(), np.bincount(before.astype(int).ravel()).max() / before.size)
        assert np.abs(wanted.cumsum() - have.cumsum()).max() <= largest
        order = np.argsort(before.ravel(), kind="stable")
        assert (np.diff(after.ravel()[order]) >= 0).all()
        # equal stays equal: the anatomy is not torn
        assert len(set(zip(before.ravel(), after.ravel(), strict=True))) == len(np.unique(before))


def test_grey_levels_stay_with_no_chance_or_no_other_scan() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (5, 12, 12)).astype(np.float32)
    assert np.array_equal(exchanged(grey, 0.0), grey)
    assert np.array_equal(exchanged(grey[:1]), grey[:1])


def test_grey_levels_are_exchanged_as_often_as_asked() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (2000, 4, 4)).astype(np.float32)
    changed = (exchanged(grey, 0.3) != grey).any(axis=(1, 2)).mean()
    assert changed == pytest.approx(0.3, abs=5 * np.sqrt(0.21 / 2000))
