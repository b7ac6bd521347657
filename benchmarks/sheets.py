"""Contact sheets of simulated scans for the docs, every picture marked."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import RESULTS
from fetal_model.phantom import simulate
from fetal_model.phantom.planes import LABELS, PLANES

FOLDER = RESULTS.parent / "phantom"
SEED = 530_000
COLUMNS, ROWS = 6, 4
TILE = (288, 224)  # width, height
MARK = "SIMULATED"


def main() -> None:
    """Write `docs/phantom/<label>.png`: scans as they are drawn, one sheet a label."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for label in LABELS:
        made = [simulate(label, SEED + n) for n in range(COLUMNS * ROWS)]
        tiles = [tile(m.image, f"{m.plane}, {m.gestational_age_weeks:g} wk") for m in made]
        cv2.imwrite(str(FOLDER / f"{label}.png"), sheet(tiles, COLUMNS))
    planes = [simulate(PLANES[name].label, SEED, plane=name, quality="good") for name in PLANES]
    tiles = [tile(made.image, made.plane) for made in planes]
    cv2.imwrite(str(FOLDER / "planes.png"), sheet(tiles, COLUMNS))


def tile(image: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
    """One small picture with its mark."""
    small = cv2.resize(image, TILE, interpolation=cv2.INTER_AREA)
    for words, row in ((MARK, 12), (text, TILE[1] - 5)):
        for grey, thick in ((0, 3), (230, 1)):
            cv2.putText(
                small, words, (4, row), cv2.FONT_HERSHEY_SIMPLEX, 0.36, grey, thick, cv2.LINE_AA
            )
    return np.asarray(small, np.uint8)


def sheet(tiles: list[NDArray[np.uint8]], columns: int) -> NDArray[np.uint8]:
    """Tiles in rows, the last one filled with black."""
    black = np.zeros_like(tiles[0])
    filled = tiles + [black] * (-len(tiles) % columns)
    rows = [np.hstack(filled[i : i + columns]) for i in range(0, len(filled), columns)]
    return np.vstack(rows)


if __name__ == "__main__":
    main()
