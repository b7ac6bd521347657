"""Simulated fetal ultrasound: anatomy, acoustics and probe give an image, a mask and a patient.

Ships as the embedded default data set; whatever is learned from it says that it was simulated.
"""

from fetal_model.phantom.cine import Cine, draw_cine, write_cine
from fetal_model.phantom.cut import Cut
from fetal_model.phantom.generate import (
    CINE_COLUMNS,
    COLUMNS,
    RELEASE,
    simulator,
    write_phantoms,
)
from fetal_model.phantom.machine import MACHINES, Machine
from fetal_model.phantom.patient import Patient, draw_patient
from fetal_model.phantom.scene import QUALITIES, Scene, draw_scene
from fetal_model.phantom.simulate import Phantom, render, simulate
from fetal_model.phantom.structures import CODES, STRUCTURES

__all__ = [
    "CINE_COLUMNS",
    "CODES",
    "COLUMNS",
    "MACHINES",
    "QUALITIES",
    "RELEASE",
    "STRUCTURES",
    "Cine",
    "Cut",
    "Machine",
    "Patient",
    "Phantom",
    "Scene",
    "draw_cine",
    "draw_patient",
    "draw_scene",
    "render",
    "simulate",
    "simulator",
    "write_cine",
    "write_phantoms",
]
