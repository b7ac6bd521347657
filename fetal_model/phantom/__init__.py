"""Simulated fetal ultrasound: anatomy, acoustics and probe give an image, a mask and a patient.

Ships as the embedded default data set; whatever is learned from it says that it was simulated.
"""

from fetal_model.phantom.generate import COLUMNS, write_phantoms
from fetal_model.phantom.machine import MACHINES, Machine
from fetal_model.phantom.patient import Patient, draw_patient
from fetal_model.phantom.simulate import QUALITIES, Phantom, simulate

__all__ = [
    "COLUMNS",
    "MACHINES",
    "QUALITIES",
    "Machine",
    "Patient",
    "Phantom",
    "draw_patient",
    "simulate",
    "write_phantoms",
]
