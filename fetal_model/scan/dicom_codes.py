"""Codes that a DICOM header may be quoted with; anything else in their place is somebody's text."""

from __future__ import annotations

MODALITIES = frozenset(
    {"US", "IVUS", "OT", "CT", "MR", "CR", "DX", "MG", "XA", "RF", "NM", "PT", "ES", "SC", "SM",
     "XC", "OP", "OPT", "IO", "PX", "GM", "HD", "ECG", "SR", "SEG", "PR", "REG", "KO", "DOC",
     "RTIMAGE", "RTDOSE", "RTPLAN", "RTSTRUCT"}
)  # fmt: skip
PHOTOMETRIC = frozenset(
    {"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422",
     "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT"}
)  # fmt: skip
