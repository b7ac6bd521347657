"""What makes each plane recognisable, and how to tell it from another, in a clinician's words.

After the ISUOG practice guidelines on the mid-trimester scan (Ultrasound Obstet Gynecol
2022;59:840) and on cardiac screening (2023;61:788).
"""

from __future__ import annotations

from fetal_model.anatomy import KEYS

LANDMARKS: dict[str, tuple[str, ...]] = {
    "brain": (
        "**Skull:** a bright oval line all the way round.",
        "**Midline:** the echo of the falx divides it into two halves.",
        "**Cavum septi pellucidi:** a small dark box that interrupts the midline in the front "
        "third.",
    ),
    "abdomen": (
        "**Stomach:** one black bubble on the fetal left.",
        "**Umbilical vein:** a short dark tube, a third of the way in from the front, curving "
        "towards the right into the portal sinus.",
        "**Spine:** bright spots at the edge with a shadow behind them; the aorta lies just in "
        "front.",
        "**Not in this plane:** kidneys and heart.",
    ),
    "femur": (
        "**Shaft:** one bright line, straight or slightly bowed, with two clear ends.",
        "**Shadow:** a clean dark band behind the bone, away from the probe.",
        "**Around it:** the muscle of the thigh, its fibres along the bone; no closed ring.",
    ),
    "thorax": (
        "**Heart or great vessels:** black rooms or tubes in the front of the chest, towards the "
        "fetal left.",
        "**Lungs:** even grey on both sides of them.",
        "**Ribs and spine:** one whole rib on each side; the aorta lies in front of the spine, "
        "a little to the left.",
    ),
}
"""For each anatomy what to look for, the plainest first; Markdown."""

PLANES: dict[str, str] = {
    "transthalamic": "**Transthalamic plane:** the thalami, two darker ovals on either side of "
    "the midline; no cerebellum.",
    "transventricular": "**Transventricular plane:** the back of the lateral ventricle with the "
    "bright choroid plexus in it.",
    "transcerebellar": "**Transcerebellar plane:** the cerebellum behind, two round lobes like a "
    "dumb-bell.",
    "four-chamber": "**Four-chamber plane:** four rooms that meet in a cross, the crux; the heart "
    "takes about a third of the chest, its axis some 45 degrees to the fetal left.",
    "three-vessel": "**Three-vessel plane:** pulmonary trunk, ascending aorta and superior vena "
    "cava in a row, the largest in front on the left.",
    "left-outflow": "**Left outflow plane:** the aorta leaves the left ventricle; its wall runs on "
    "from the ventricular septum.",
    "right-outflow": "**Right outflow plane:** the pulmonary trunk leaves the right ventricle in "
    "front and crosses towards the spine.",
}
"""More to look for where it is known which plane of an anatomy a scan shows; Markdown."""

_BETWEEN: dict[frozenset[str], str] = {
    frozenset({"brain", "abdomen"}): "A skull is a bright unbroken line with a midline inside; "
    "the wall of the abdomen is softer, with a black stomach within and the spine at its edge.",
    frozenset({"brain", "femur"}): "A skull closes into an oval; a femur is one bright line with "
    "two ends and a shadow. The near side of a skull alone curves, a femur hardly does.",
    frozenset({"brain", "thorax"}): "A skull is an unbroken bright line around a midline; the rim "
    "of the chest is made of ribs, with the spine at one side and the heart within.",
    frozenset({"abdomen", "femur"}): "The abdomen is a closed round section; a femur is a bright "
    "line with two ends. A rib or the spine at the edge of an abdomen is no femur.",
    frozenset({"abdomen", "thorax"}): "Both are round with the spine at the edge. Chambers that "
    "meet in a cross between even grey lungs: thorax. One black bubble and a short curved vein: "
    "abdomen.",
    frozenset({"femur", "thorax"}): "A rib can look like a short femur, but ribs curve, come in "
    "rows and frame the heart; a femur lies alone in the muscle of the thigh.",
}


def tell_apart(truth: str, said: str) -> str:
    """How to tell two anatomies apart; empty when they are the same.

    Raises:
        KeyError: One of them does not exist.
    """
    for key in (truth, said):
        if key not in KEYS:
            raise KeyError(f"expected one of {', '.join(KEYS)}, received {key!r}")
    return "" if truth == said else _BETWEEN[frozenset({truth, said})]
