"""The maternal cervix lengthwise: canal, internal os, bladder in front, the head above the os.

Where no source is named, sizes are chosen.

Sources:
    Iams JD, Goldenberg RL, Meis PJ, et al. The length of the cervix and the risk of spontaneous
    premature delivery. N Engl J Med 1996;334:567-572 (at 24 weeks 35.2 mm, standard deviation
    8.3 mm).
"""

from __future__ import annotations

import numpy as np

from fetal_model.phantom.biometry import head_axes
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.medium import (
    FLUID_DB,
    Point,
    Section,
    smooth_noise,
    smooth_path,
    wander,
)  # fmt: skip
from fetal_model.phantom.none_of_them.shapes import (
    Shape,
    away,
    fluid,
    main_structure,
    outline,
    sleeve,
    texture,
    thin_bone,
    tissue,
)  # fmt: skip
from fetal_model.phantom.patient import Patient
from fetal_model.phantom.womb import EVERYWHERE

WARP = 0.012
MEAN_LENGTH_MM, LENGTH_SD_MM = 35.2, 8.3


def half_axes(patient: Patient, plane: str = "") -> tuple[float, float]:
    """Half of the length and of the depth of the region around the cervix, mm."""
    return 1.0 * MEAN_LENGTH_MM, 0.74 * MEAN_LENGTH_MM


def draw_angle(rng: np.random.Generator) -> float:
    """Angle of the canal against the horizontal, radians; the internal os either left or right."""
    tilt = float(np.clip(rng.normal(0.1, 0.3), -0.7, 0.9))
    return tilt if rng.random() < 0.5 else np.pi - tilt


def build(section: Section, rng: np.random.Generator, patient: Patient, cut: Cut) -> None:
    """Paint a cervix; u runs from the external os to the internal os, v across.

    Half of them fill the near field too, as from the vagina. Off the plane the canal is lost
    first. Arguments as `brain.build`.
    """
    down = away(section)
    length = float(np.clip(rng.normal(MEAN_LENGTH_MM, LENGTH_SD_MM), 18.0, 52.0))
    thick = float(rng.uniform(11.0, 16.0))
    bend = float(rng.normal(0.0, 2.5))
    outer, inner = -0.62 * length, 0.38 * length
    canal = smooth_path([(outer, 0.0), (0.5 * (outer + inner), bend), (inner, 0.0)], 9)
    _pelvis(section, rng, down, vaginal=bool(rng.random() < 0.5))
    _head_and_fluid(section, rng, inner, thick, down, patient)
    body = _stroma(section, rng, canal, thick, cut)
    _canal(section, rng, canal, thick, cut)
    _bladder(section, rng, outer, inner, thick, down)
    main_structure(section, body)


def _pelvis(section: Section, rng: np.random.Generator, down: float, *, vaginal: bool) -> None:
    """Vagina, rectum and connective tissue: coarse and bright, and shadows of gas behind."""
    medium = section.medium
    level = float(rng.uniform(-27, -19))
    field = np.float32(level) + 2.0 * texture(section, rng, EVERYWHERE, 1.5)
    shown = np.ones_like(medium.x) if vaginal else np.clip((section.v * down + 24.0) / 8.0, 0, 1)
    medium.echo += shown * (field - medium.echo)
    medium.loss *= 1.0 - shown
    medium.gloss *= 1.0 - shown
    deep = down * float(rng.uniform(17.0, 22.0))
    line = wander(rng, [(-40.0, deep * 0.8), (-15.0, deep), (10.0, deep * 1.1), (34.0, deep)], 1.6)
    rectum = section.stroke(smooth_path(line), float(rng.uniform(1.5, 3.5)), margin=6)
    patchy = np.clip(0.6 + 0.8 * smooth_noise(rng, 5, 16)[rectum[0]], 0.0, 1.6)
    section.medium.fill(*rectum, np.float32(rng.uniform(-19, -12)) + 4.0 * patchy,
                        float(rng.uniform(0.0, 20.0)), 1.5, 0.8)  # fmt: skip
    medium.reflect(*rectum, patchy * np.float32(rng.uniform(0.1, 0.5)), 1.4, rest=0.1)
    for _ in range(int(rng.integers(1, 5))):
        gas = section.ellipse(rng.uniform(-40, 20), deep * rng.uniform(1.0, 1.4),
                              rng.uniform(2.0, 8.0), rng.uniform(0.6, 1.6))  # fmt: skip
        section.bone(gas, echo=-12.0, edge=float(rng.uniform(0.2, 0.8)),
                     loss=float(rng.uniform(10, 60)))  # fmt: skip
    for side in (-0.5, 0.4):
        wall = wander(rng, [(-60.0, side * 12.0), (-40.0, side * 8.0), (-24.0, side * 4.0)], 1.2)
        vagina = section.stroke(smooth_path(wall, 6), 0.4)
        medium.reflect(*vagina, float(rng.uniform(0.1, 0.6)), 0.9, rest=0.1)
        medium.mark(vagina, "vagina", least_mm=0.6)


def _head_and_fluid(
    section: Section, rng: np.random.Generator, inner: float, thick: float, down: float,
    patient: Patient,
) -> None:  # fmt: skip
    """Beyond the internal os: a wedge of fluid, and in most scans the curve of the fetal head."""
    radius = head_axes(patient.gestational_age_weeks)[0] / 2 * patient.size * patient.head_size
    gap = float(rng.uniform(3.0, 15.0))
    middle = (inner + gap + radius, down * float(rng.uniform(-0.35, 0.25)) * radius)
    seen = rng.random() < 0.75
    funnel = float(rng.exponential(2.5)) if rng.random() < 0.3 else 0.0
    mouth = float(rng.uniform(0.4, 0.9)) * thick
    wedge = outline(section, [
        (inner - funnel, 0.0), (inner + 2.0, 0.3 * mouth), (inner + 0.3 * gap + 3, 1.3 * mouth),
        (inner + 25.0, 2.4 * mouth), (inner + 70.0, 3.0 * mouth), (inner + 70.0, -3.2 * mouth),
        (inner + 25.0, -2.4 * mouth), (inner + 0.3 * gap + 3, -1.2 * mouth),
        (inner + 2.0, -0.3 * mouth),
    ])  # fmt: skip
    echo = float(rng.choice([FLUID_DB, -48.0]))
    # The lower uterine segment carries the stroma on around the fluid.
    segment = wedge[0], np.abs(wedge[1] - np.float32(2.5)) - np.float32(2.5)
    tissue(section, rng, segment, float(rng.uniform(-32, -26)), opacity=0.8, soft=1.2)
    fluid(section, wedge, echo, float(rng.uniform(0.1, 0.5)))
    brain, bright, loss = rng.uniform(-42, -31), rng.uniform(0.5, 1.3), rng.uniform(30.0, 80.0)
    if not seen:
        return
    head = section.ellipse(*middle, radius, 0.85 * radius)
    section.medium.fill(*head, float(brain), 1.0, 0.5)
    skull = head[0], np.abs(head[1] + np.float32(1.0)) - np.float32(0.6)
    thin_bone(section, skull, bright=float(bright), loss=float(loss))
    section.medium.mark(head, "fetal head")


def _stroma(
    section: Section, rng: np.random.Generator, canal: list[Point], thick: float, cut: Cut
) -> Shape:
    """The body of the cervix: evenly grained, its outer border a fine bright line."""
    swell = (1.0 - np.linspace(-0.92, 0.92, 9) ** 4) ** 0.4 * rng.uniform(0.95, 1.08, 9)
    body = sleeve(section, canal, (thick * swell).tolist(), margin=6)
    level = float(rng.uniform(-32, -24))
    tissue(section, rng, body, level, edge=float(rng.uniform(0.02, 0.2)), amount=2.2, soft=1.5)
    rim = body[0], np.abs(body[1] + np.float32(0.22 * thick)) - np.float32(0.16 * thick)
    section.medium.fill(*rim, level - float(rng.uniform(0.0, 5.0)), 0.0, 1.5, 0.6 * cut.detail)
    section.medium.mark(body, "cervix")
    return body


def _canal(
    section: Section, rng: np.random.Generator, canal: list[Point], thick: float, cut: Cut
) -> None:
    """The canal: a bright or a dark line in darker mucosa, and now and then a retention cyst."""
    medium = section.medium
    shown = cut.detail * cut.shows(0.0, 0.6)
    dark = bool(rng.random() < 0.6)
    inside = canal[1:-1]
    mucosa = section.stroke(inside, float(rng.uniform(0.16, 0.32)) * thick)
    section.solid(
        mucosa, float(rng.uniform(-42, -34)), opacity=float(rng.uniform(0.3, 0.8)) * shown, soft=2.0
    )
    way = [(canal[0][0] - 6.0, canal[0][1]), *canal, (canal[-1][0] + 2.0, canal[-1][1])]
    line = section.stroke(wander(rng, way, 0.25), float(rng.uniform(0.15, 0.4)) + 0.4 * dark)
    if not dark:
        section.solid(line, float(rng.uniform(-22, -15)), opacity=0.7 * shown, soft=0.5)
        patchy = np.clip(0.7 + 0.6 * smooth_noise(rng, 10, 22)[line[0]], 0.0, 1.5)
        medium.reflect(*line, patchy * np.float32(rng.uniform(0.1, 0.5) * shown), 0.6, rest=0.15)
    else:
        section.solid(line, -60.0, opacity=0.9 * shown, soft=0.4)
        medium.reflect(*line, 0.08 * shown, 0.5, rest=0.05)
    if shown > 0.4:
        medium.mark(line, "cervical canal", least_mm=0.5)
    at, aside, size = rng.uniform(0.2, 0.8), rng.normal(0, 0.3) * thick, rng.uniform(0.8, 2.2)
    if rng.random() < 0.3:
        u, v = canal[int(at * 8)]
        section.cavity(section.ellipse(u, v + aside, size, size * 0.8), wall=0.4)


def _bladder(
    section: Section, rng: np.random.Generator, outer: float, inner: float, thick: float,
    down: float,
) -> None:  # fmt: skip
    """Bladder in front of the cervix, on the probe's side; nearly empty to full."""
    full = float(rng.beta(1.2, 1.6))
    near, high = -down * (thick + rng.uniform(1.5, 4.0)), -down * (2.0 + 16.0 * full)
    shift = float(rng.uniform(-6.0, 6.0))
    bladder = outline(section, wander(rng, [
        (outer + 8.0 + shift, near), (0.0 + shift, near), (inner + 4.0 + 12.0 * full, near * 1.02),
        (inner + 14.0 * full, near + 0.6 * high), (0.0 + shift, near + high),
        (outer + 10.0 + shift, near + 0.5 * high),
    ], 0.7))  # fmt: skip
    wall = bladder[0], np.abs(bladder[1] - 1.2) - np.float32(1.2)
    section.solid(wall, float(rng.uniform(-25, -18)), opacity=0.7)
    section.cavity(bladder, wall=float(rng.uniform(0.1, 0.5)))
    section.medium.mark(bladder, "bladder")
