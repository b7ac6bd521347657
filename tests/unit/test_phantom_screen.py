"""What a simulated scanner draws over the scan, and that each kind comes and goes on its own."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from fetal_model.anatomy import KEYS
from fetal_model.phantom import draw_scene, simulate
from fetal_model.phantom.probe import HEIGHT, WIDTH, View
from fetal_model.phantom.screen import STYLES, Annotations, annotate, draw_annotations

VIEW = View(50.0, 0.5, 120.0, 0.27, -77.0, 0.0)
KINDS = ("grey_bar", "ticks", "text", "calipers", "box")
NOTHING = Annotations(**dict.fromkeys(KINDS, False))


def drawn(
    kinds: Annotations | None, style: str = "margin", seed: int = 1, label: str = ""
) -> np.ndarray:
    image = np.zeros((HEIGHT, WIDTH), np.uint8)
    annotate(image, np.random.default_rng(seed), VIEW, style, kinds, label)
    return image


def test_the_kinds_are_all_there_are():
    assert {field.name for field in fields(Annotations)} == {*KINDS, "preset_shortcut"}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_drawn_alone_and_the_same_beside_others(kind, style):
    alone = drawn(replace(NOTHING, **{kind: True}), style)
    assert alone.any()
    without = drawn(replace(Annotations(), **{kind: False}), style)
    whole = drawn(Annotations(), style)
    changed = whole != without
    assert changed.any()
    assert not (changed & (alone == 0) & (whole != 0)).any()


def test_nothing_asked_for_is_nothing_drawn():
    assert not drawn(NOTHING).any()


def test_scanners_have_screens_of_their_own():
    screens = [drawn(Annotations(), style) for style in STYLES]
    for number, one in enumerate(screens):
        for other in screens[number + 1 :]:
            assert not np.array_equal(one, other)


def test_a_drawn_subset_is_never_empty_and_seldom_whole():
    rng = np.random.default_rng(2)
    subsets = [draw_annotations(rng) for _ in range(300)]
    assert NOTHING not in subsets
    assert subsets.count(Annotations()) < 30
    for kind in KINDS:
        assert 0 < sum(getattr(subset, kind) for subset in subsets) < 300
    assert not any(subset.preset_shortcut for subset in subsets)


def test_text_gives_the_class_away_only_when_asked_to():
    plain = [drawn(Annotations(), label=label) for label in KEYS]
    assert all(np.array_equal(plain[0], image) for image in plain)
    telling = [
        drawn(Annotations(preset_shortcut=True), label=label) for label in ("thorax", "brain")
    ]
    assert not np.array_equal(*telling)


def test_the_anatomy_underneath_stays():
    bare = simulate("femur", 14, annotations=False)
    for kind in KINDS:
        made = simulate("femur", 14, annotations=replace(NOTHING, **{kind: True}))
        assert np.array_equal(made.mask, bare.mask)
        assert 0 < np.mean(made.image != bare.image) < 0.05
    assert np.array_equal(simulate("femur", 14, annotations=NOTHING).image, bare.image)


def test_scenes_keep_what_they_were_asked_for():
    asked = Annotations(calipers=False)
    assert draw_scene("brain", 3, annotations=asked).annotated == asked
    assert draw_scene("brain", 3, annotations=True).annotated is True
