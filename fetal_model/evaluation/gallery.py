"""The most confident mistakes as one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fetal_model.anatomy import BY_KEY
from fetal_model.dataset.manifest import Record
from fetal_model.deidentify.burned_in import blank_burned_in
from fetal_model.evaluation.mistakes import confident_mistakes
from fetal_model.evaluation.predictions import Prediction
from fetal_model.explain.overlay import fit_screen
from fetal_model.scan import read_scan
from fetal_model.store.versions import write_text

MOST = 60
"""Mistakes shown."""
GALLERY = "mistakes.html"
_SIDE = 320
_STYLE = """
body { background: #111; color: #ddd; font: 15px/1.4 system-ui, sans-serif; margin: 2rem; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 1.5rem; }
figure { margin: 0; } img { width: 100%; background: #000; } small { color: #aaa; }
"""


def write_gallery(
    path: Path, version: str, records: Sequence[Record], rows: Sequence[Prediction]
) -> int:
    """Write the gallery, worst first; the file holds the scans, without writing beside the picture.

    Args:
        path: Of the HTML file; its folder exists.
        version: Label of the version.
        records: Scans of one folder.
        rows: What the version said about them.

    Returns:
        How many mistakes there are; at most `MOST` are shown.
    """
    by_scan = {record.scan: record for record in records}
    mistakes = confident_mistakes(rows)
    figures = [_figure(by_scan[row.scan], row) for row in mistakes[:MOST]]
    title = f"{len(mistakes)} mistakes of {escape(version)} on {len(rows)} scans"
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1>"
        f"<p>The {len(figures)} most confident, what was accepted without a person first. Research "
        "and teaching only, not a medical device.</p>"
        f"<main>{''.join(figures)}</main></html>\n"
    )
    write_text(path, text)
    return len(mistakes)


def _figure(record: Record, row: Prediction) -> str:
    truth = BY_KEY[row.label].name if row.in_plane else row.label.capitalize()
    answer = f"{BY_KEY[row.answer].name} {max(row.probabilities):.1%}, {row.decision}"
    kind = "simulated" if row.simulated else row.source
    shown, _ = blank_burned_in(read_scan(record.file, record.scan))
    picture = _png(shown.display)
    return (
        f'<figure><img alt="Shows {escape(truth.lower())}" src="data:image/png;base64,{picture}">'
        f"<figcaption><b>{escape(answer)}</b><br>Truth: {escape(truth)} ({escape(kind)})<br>"
        f"<small>{escape(row.scan)}</small></figcaption></figure>"
    )


def _png(display: NDArray[np.uint8]) -> str:
    shown = cv2.cvtColor(fit_screen(display, _SIDE), cv2.COLOR_RGB2BGR)
    return base64.b64encode(cv2.imencode(".png", shown)[1].tobytes()).decode()
