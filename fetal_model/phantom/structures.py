"""The named structures of the simulated anatomies, each with the code it has in a label map."""

from __future__ import annotations

STRUCTURES: tuple[str, ...] = (
    # the head
    "skull", "scalp", "falx", "cavum septi pellucidi", "thalamus", "third ventricle",
    "lateral ventricle", "choroid plexus", "insula", "cerebellum", "vermis", "cisterna magna",
    # the trunk
    "body wall", "rib", "vertebral body", "vertebral arch", "spinal canal", "descending aorta",
    "inferior vena cava",
    # the abdomen
    "liver", "stomach", "umbilical vein", "portal sinus", "gallbladder", "spleen", "kidney",
    "renal pelvis", "adrenal gland", "bowel", "bladder",
    # the thigh
    "femoral shaft", "metaphysis", "epiphyseal cartilage", "thigh", "other thigh",
    # the chest
    "lung", "left ventricle", "right ventricle", "left atrium", "right atrium",
    "ventricular septum", "atrial septum", "mitral valve", "tricuspid valve", "moderator band",
    "myocardium", "ascending aorta", "pulmonary trunk", "arterial duct", "superior vena cava",
    "aortic arch", "trachea", "thymus",
    # none of the four
    "cervix", "cervical canal", "vagina", "fetal head", "placenta", "amniotic fluid",
    "umbilical cord", "nasal bone", "nose", "upper lip", "lower lip", "chin", "maxilla",
    "mandible", "forehead", "orbit", "long bone", "hand", "foot", "soft tissue",
    "hippocampal gyrus", "brainstem", "choroid plexus cyst", "skull base",
)  # fmt: skip

CODES: dict[str, int] = {name: code for code, name in enumerate(STRUCTURES, start=1)}
"""Code of each structure in a label map; 0 is none."""
