"""The answer about a clip, by the version in service, on clips made of simulated scans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.made_dicom import make, to_bytes
from fetal_model.anatomy import KEYS
from fetal_model.phantom import simulate
from fetal_model.predictor import Finding, Predictor
from fetal_model.predictor_clip import ClipFinding, analyse_clip
from fetal_model.scan import Clip, Scan, ScanError, open_clip


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load()


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    """A femur between noise and black, then a cervix: two of them are no plane at all."""
    rng = np.random.default_rng(0)
    femur = simulate("femur", 3, annotations=False).image
    noise = rng.integers(0, 256, femur.shape, dtype=np.uint8)
    return [noise, femur, np.zeros_like(femur), simulate("cervix", 1, annotations=False).image]


@pytest.fixture(scope="module")
def clip(pictures: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Clip:
    frames = np.stack(pictures)
    data = to_bytes(
        make(frames[0], NumberOfFrames=len(frames), PixelData=frames.tobytes(), FrameTime="40")
    )
    path: Path = tmp_path_factory.mktemp("clip") / "sweep.dcm"
    path.write_bytes(data)
    return open_clip(path)


@pytest.fixture(scope="module")
def found(predictor: Predictor, clip: Clip) -> ClipFinding:
    return analyse_clip(predictor, clip)


def test_every_frame_has_the_answer_of_the_still_it_is(
    found: ClipFinding, predictor: Predictor, clip: Clip
) -> None:
    assert [frame.index for frame in found.frames] == [0, 1, 2, 3]
    assert [frame.seconds for frame in found.frames] == pytest.approx([0, 0.04, 0.08, 0.12])
    for frame in found.frames:
        alone = predictor.analyse(clip.frame(frame.index))
        assert isinstance(frame.finding, Finding)
        assert np.array_equal(alone.probabilities, frame.finding.probabilities)
        assert alone.decision == frame.finding.decision


def test_the_best_frame_is_accepted_and_the_surest_of_plane_and_anatomy(found: ClipFinding) -> None:
    findings = [frame.finding for frame in found.frames]
    accepted = [f for f in findings if f.decision == "accepted"]
    chosen = max(accepted or findings, key=lambda f: f.plane_score * f.probabilities.max())
    assert found.finding is chosen is findings[found.best]
    assert found.scan.facts.frame == found.best
    assert found.finding.anatomy.key in KEYS


def test_an_accepted_frame_beats_a_surer_one_that_is_not(
    predictor: Predictor, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A confident answer about a picture that shows no plane must not speak for the clip."""
    shares = {0: (0.99, "look again"), 1: (0.6, "accepted"), 2: (0.8, "accepted"), 3: (1.0, "no")}
    real = predictor.analyse

    def made(scan: Scan, samples: int) -> Finding:
        share, decision = shares[scan.facts.frame]
        finding = real(scan, samples)
        object.__setattr__(finding, "decision", decision)
        object.__setattr__(finding, "plane_score", 0.9)
        object.__setattr__(finding, "probabilities", np.array([share, 0, 0, 1 - share]))
        return finding

    monkeypatch.setattr(predictor, "analyse", made)
    assert analyse_clip(predictor, clip).best == 2
    shares |= {1: (0.6, "look again"), 2: (0.8, "look again")}
    assert analyse_clip(predictor, clip).best == 3


def test_at_most_so_many_frames(predictor: Predictor, clip: Clip) -> None:
    two = analyse_clip(predictor, clip, 2)
    assert [frame.index for frame in two.frames] == [0, 3]
    assert [frame.index for frame in analyse_clip(predictor, clip, 1).frames] == [2]
    with pytest.raises(ValueError, match="expected 1 or more frames"):
        analyse_clip(predictor, clip, 0)


def test_frames_that_cannot_be_decoded_cost_themselves_alone(
    predictor: Predictor, clip: Clip
) -> None:
    error = ScanError("sweep.dcm: broken.")
    partly = Clip(
        clip.name,
        clip.facts,
        clip.seconds,
        lambda indices: (
            error if i in (0, 2) else made
            for i, made in zip(indices, clip.decode(indices), strict=True)
        ),
    )
    found = analyse_clip(predictor, partly)
    assert [frame.finding is error for frame in found.frames] == [True, False, True, False]
    nothing = Clip(clip.name, clip.facts, clip.seconds, lambda indices: iter([error] * 4))
    with pytest.raises(ScanError, match="broken"):
        analyse_clip(predictor, nothing)
