"""A file becomes a `Scan` here: recognising its content, limits, decoding, and preprocessing.

What a model makes of a scan is not decided here. `fetal_model.scan.preprocess` brings a scan to
the input a model expects and puts its maps back on the original.
"""

from fetal_model.scan.read import read_scan
from fetal_model.scan.types import Facts, Scan, ScanError

__all__ = ["Facts", "Scan", "ScanError", "read_scan"]
