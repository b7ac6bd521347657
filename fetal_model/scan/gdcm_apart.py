"""GDCM in a process of its own: it ends the whole process on some damaged frames.

GDCM throws C++ exceptions that nothing catches, for JPEG, JPEG-LS and JPEG 2000 alike, so a single
bad file would take the app and the rest of a batch with it. It is therefore used only for what no
other permissively licensed decoder here reads, lossless JPEG and JPEG-LS, and never in this
process. That costs such a file about half a second.
"""

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

# All that a decoder asks for; nothing else, such as a patient's name, leaves this process.
_NEEDED = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelData",
)
# What hangs is ended by the processor's time that it takes: on a busy machine a good file waits.
_CPU_SECONDS = 60
_TIMEOUT_SECONDS = 300.0


def decode_with_gdcm(dataset: Dataset) -> tuple[NDArray[np.integer], str]:
    """Decode a data set's one frame in a child process.

    Args:
        dataset: With its transfer syntax. It reaches the child through a pipe and touches no disk.

    Returns:
        The array as pydicom decodes it, (rows, columns) or (rows, columns, 3), and the Photometric
        Interpretation it has after decoding.

    Raises:
        RuntimeError: If the child fails, crashes or takes too long.
    """
    # -P keeps this folder off the child's path, where `types.py` would hide Python's own.
    command = [sys.executable, "-P", str(Path(__file__).resolve())]
    try:
        done = subprocess.run(
            command,
            input=_serialised(dataset),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_SECONDS,
            check=True,
        )
        meaning, _, array = done.stdout.partition(b"\n")
        return np.load(BytesIO(array), allow_pickle=False), meaning.decode("ascii")
    except (subprocess.SubprocessError, ValueError, EOFError) as error:
        raise RuntimeError("GDCM could not decode the frame") from error


def _serialised(dataset: Dataset) -> bytes:
    needed = Dataset()
    for keyword in _NEEDED:
        if keyword in dataset:
            needed[keyword] = dataset[keyword]
    needed.file_meta = dataset.file_meta
    stream = BytesIO()
    needed.save_as(stream, implicit_vr=False, little_endian=True)
    return stream.getvalue()


def _serve() -> None:
    """Be the child: a file on standard input, its meaning and array on standard output."""
    import resource

    from pydicom import dcmread
    from pydicom.pixels.decoders.base import get_decoder

    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what C++ prints must not end up in the answer
    dataset = dcmread(BytesIO(sys.stdin.buffer.read()), force=True)
    decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
    array, meaning = decoder.as_array(dataset, index=0, decoding_plugin="gdcm")
    saved = BytesIO()  # np.save asks a real file for its position, which a pipe has not
    np.save(saved, array, allow_pickle=False)
    with answer:
        answer.write(str(meaning["photometric_interpretation"]).encode("ascii") + b"\n")
        answer.write(saved.getbuffer())


if __name__ == "__main__":
    _serve()
