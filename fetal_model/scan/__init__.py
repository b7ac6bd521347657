"""A file becomes a `Scan` or a `Clip` here: recognising it, limits, decoding, preprocessing.

What a model makes of a scan is not decided here. `fetal_model.scan.preprocess` brings a scan to
the input a model expects and puts its maps back on the original.
"""

from fetal_model.scan.batch import open_all
from fetal_model.scan.clip import Clip
from fetal_model.scan.opening import open_clip, open_scan
from fetal_model.scan.read import read_scan
from fetal_model.scan.types import Facts, Scan, ScanError

__all__ = ["Clip", "Facts", "Scan", "ScanError", "open_all", "open_clip", "open_scan", "read_scan"]
