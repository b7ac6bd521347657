"""The Keras model of a version, for explanations that need the network's own graph.

TensorFlow is imported when a model is first loaded, never by importing this module.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fetal_model.store.versions import MODEL, Version

if TYPE_CHECKING:
    import keras

ONE_AT_A_TIME = threading.Lock()
"""Two at once would only share the same cores, and hold two scans' gradients in memory."""


def load_graph(version: Version) -> keras.Model:
    """A version's `model.keras`, checked by hash; the same object each time, not to be changed.

    Raises:
        VersionError: The file is missing or has changed.
    """
    return _load(version.file(MODEL), version.metadata["files"][MODEL])


@lru_cache(maxsize=2)
def _load(path: Path, digest: str) -> keras.Model:
    """Load a checked model file; `digest` keys the cache, so that a new file is loaded anew."""
    import keras

    return keras.models.load_model(path, compile=False, safe_mode=True)
