"""What a low section of the fetal head meets: cerebellum, basal cisterns, skull base."""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.biometry import (
    CEREBELLUM_SD_MM,
    cerebellar_diameter,
    cisterna_magna_depth,
)
from fetal_model.phantom.brain_structures import FAINT, SIDES, Head
from fetal_model.phantom.medium import Point, smooth_path, wander


def paint_cerebellum(head: Head, rng: np.random.Generator) -> None:
    """Two grey lobes joined by the bright vermis, between tentorium and black cisterna magna."""
    section, cut = head.section, head.cut
    shown = cut.shows(0.1, 0.5) if cut.plane == "transcerebellar" else 0.0
    opacity = shown * cut.detail
    width = cerebellar_diameter(head.weeks) * head.size
    width += float(np.clip(rng.normal(0.0, 0.6), -1.5, 1.5)) * CEREBELLUM_SD_MM
    depth = float(np.clip(cisterna_magna_depth(head.weeks) + rng.normal(0.0, 1.0), 2.5, 9.5))
    level, bright = float(rng.uniform(-33, -27)), float(rng.uniform(-19, -11))
    folia, rim = float(rng.uniform(1.5, 4.0)), float(rng.uniform(0.1, 0.45))
    grey, frontal = float(rng.uniform(-28, -21)), float(rng.uniform(-46, -38))
    blobs = rng.uniform(0.5, 1.2, 2)
    if shown < FAINT:
        return
    long = 0.27 * width
    u = -head.a + head.skull + depth + long
    # Midbrain, pons and temporal lobes are grey up to the dark frontal lobes.
    middle = section.ellipse(*head.at(-0.12, 0), 0.52 * head.a, 0.62 * head.b)
    front = section.ellipse(*head.at(0.58, 0), 0.36 * head.a, 0.72 * head.b)
    section.solid(front, frontal, opacity=0.8 * opacity, soft=4.0)
    head.brighten(middle, grey, 0.8 * opacity)
    pool = section.ellipse(u - 0.35 * (depth + long), 0, 0.65 * (depth + long) + long * 0.3,
                           0.6 * width)  # fmt: skip
    section.medium.fill(*pool, -66.0, -1.2, 1.0, opacity)
    head.name(pool, "cisterna magna", shown)
    for side, blob in zip(SIDES, blobs, strict=True):
        # Bright tissue fills the corner between tentorium, cerebellum and petrous ridge.
        corner = section.ellipse(u + 0.9 * long, side * 0.55 * width, blob * 0.15 * width,
                                 blob * 0.2 * width, turn=side * 0.9)  # fmt: skip
        section.solid(corner, bright, opacity=0.9 * opacity, soft=1.5)
        lobe = section.ellipse(u, side * 0.26 * width, long, 0.245 * width, turn=side * 0.3)
        window, distance = lobe
        stripes = np.float32(folia * (0.4 + head.maturity)) * np.cos(distance * np.float32(3.2))
        section.medium.fill(window, distance, level + stripes, 0.0, 0.8, opacity)
        section.medium.reflect(window, distance, rim * opacity, 0.8, rest=0.05)
        head.name(lobe, "cerebellum", shown)
        peduncle = section.stroke(
            [(u + 1.4 * long, side * 0.2 * width), (u + 2.0 * long, side * 0.17 * width)], 0.1
        )
        section.medium.reflect(*peduncle, 1.5 * rim * opacity, 0.7, rest=0.1, even=0.3)
    vermis = section.ellipse(u, 0, long, 0.08 * width)
    section.solid(vermis, bright - 3.0, opacity=0.85 * opacity, soft=0.9)
    head.name(vermis, "vermis", shown)
    fourth = section.ellipse(u + 1.05 * long, 0, 0.1 * width, 0.06 * width)
    section.medium.fill(*fourth, -50.0, 0.0, 0.5, opacity)


def paint_basal_cisterns(head: Head, rng: np.random.Generator) -> None:
    """The bright star of the cisterns around the midbrain, in low sections.

    Vessels and arachnoid make them echogenic: the ambient cisterns hug the midbrain, the Sylvian
    stems run out sideways, and beside them lie the folds of the medial temporal lobes.
    """
    section, cut = head.section, head.cut
    medium = section.medium
    in_plane = {"transcerebellar": 1.0, "transthalamic": 0.15, "transventricular": 0.0}[cut.plane]
    shown = cut.shows(0.15, 0.55) * in_plane
    front, behind = float(rng.uniform(0.16, 0.26)), float(rng.uniform(-0.3, -0.22))
    arms: list[list[Point]] = [[(front, 0.0), (front + 0.12, 0.0), (front + 0.2, 0.0)]]
    for side in SIDES:
        arms += [
            [(front, 0.02 * side), (0.08, 0.26 * side), (-0.12, 0.3 * side), (behind, 0.1 * side)],
            [(front, 0.02 * side), (front, 0.2 * side), (0.1, 0.4 * side), (0.12, 0.62 * side)],
            [(0.02, 0.32 * side), (-0.14, 0.52 * side), (-0.34, 0.36 * side)],
            [(-0.02, 0.6 * side), (-0.2, 0.66 * side), (-0.4, 0.5 * side)],
        ]
    for arm in arms:
        path = smooth_path(wander(rng, head.path(*arm), 0.02 * head.a), 6)
        path = wander(rng, path, 0.008 * head.a)
        half, gleam = float(rng.uniform(0.1, 0.7)), float(rng.uniform(0.1, 0.7))
        echo, opacity = float(rng.uniform(-18, -8)), float(rng.uniform(0.5, 1.0)) * shown
        if shown < FAINT:
            continue
        line = section.stroke(path, half)
        patches = np.clip(medium.patches[line[0]], 0.3, 1.2)
        medium.fill(*line, echo + 6.0 * (patches - 0.9), 0.0, 0.7, opacity * cut.detail)
        medium.reflect(*line, gleam * opacity * cut.detail, 0.7, rest=0.15)


def paint_skull_base(head: Head, rng: np.random.Generator) -> None:
    """Sphenoid wings and petrous ridges: a bright cross of bone when the section is too low.

    The transcerebellar plane, tilted down behind, meets their outer ends beside the skull.
    """
    section = head.section
    shown = float(np.clip((head.cut.offset - 0.35) / 0.65, 0.0, 1.0))
    low = float(head.cut.plane == "transcerebellar") * head.cut.shows(0.2, 0.6)
    middle = float(rng.uniform(-0.1, 0.05))
    for side in SIDES:
        for reach in (0.45, -0.5):
            points = head.path((middle, side * 0.08), (middle + 0.4 * reach, side * 0.5),
                               (middle + reach, side * 0.72))  # fmt: skip
            points = smooth_path(wander(rng, points, 0.05 * head.b), 7)
            echo, edge = float(rng.uniform(-18, -10)), float(rng.uniform(0.3, 0.8))
            if shown < FAINT:
                continue
            ridge = section.stroke(points, 0.05 * head.b)
            section.solid(ridge, echo, edge=edge * shown, loss=25.0, opacity=shown)
            head.name(ridge, "skull base", shown)
        place = head.at(float(rng.uniform(0.1, 0.35)), side * float(rng.uniform(0.8, 0.9)))
        long, thick = rng.uniform(0.1, 0.2) * head.a, rng.uniform(0.05, 0.1) * head.b
        seen, echo = low * float(rng.uniform(0.2, 1.0)), float(rng.uniform(-16, -9))
        if seen < FAINT:
            continue
        end = section.ellipse(*place, long, thick, turn=-side * 0.3)
        section.solid(end, echo, edge=0.5 * seen, loss=15.0, opacity=seen, soft=1.2)
        head.name(end, "skull base", seen)
