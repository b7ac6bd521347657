"""The trunk of a classifier, exported to ONNX and run by ONNX Runtime: scan to feature map."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray


class Trunk:
    """One deterministic pass from preprocessed pixels to features.

    Args:
        path: The exported graph, `trunk.onnx`.
    """

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = os.cpu_count() or 1
        self._session = onnxruntime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the graph.

        Args:
            batch: Preprocessed scans, float32 of shape (n, height, width, 1).

        Returns:
            Feature maps, float32 of shape (n, rows, columns, channels).
        """
        features: NDArray[np.float32] = self._session.run(None, {self._input: batch})[0]
        return features
