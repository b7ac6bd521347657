"""What the page remembers about files while a reader's session lasts; nothing is written to disk.

Imported when the first scan arrives, because it brings the inference engine with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fetal_model.deidentify.door import without_patient
from fetal_model.deidentify.failure import failure
from fetal_model.explain.methods import explain
from fetal_model.explain.overlay import fit_screen
from fetal_model.predictor import Finding, Predictor
from fetal_model.predictor_clip import ClipFinding, analyse_clip
from fetal_model.scan import Clip, Facts, Scan, ScanError, open_clip, open_scan, read_scan
from fetal_model.scan.preprocess import place, preprocess
from fetal_model.uncertainty.methods import METHODS
from pages.parts.kept import ANSWERS, forget_files

Answer = Finding | ClipFinding | str
Key = tuple[str, str, bool]


@dataclass(frozen=True)
class Source:
    """One file on the page, or one frame of it.

    Attributes:
        name: What it is called.
        data: The file.
        identity: Outlives a rerun.
        frame: Number of the frame, from 0, None for a still.
        refusal: Why it cannot be opened, where that is known already.
    """

    name: str
    data: bytes
    identity: str
    frame: int | None = None
    refusal: str = ""

    def at(self, frame: int) -> Source:
        """One frame of it."""
        return replace(self, identity=f"{self.identity}-{frame}", frame=frame)


@dataclass(frozen=True)
class Picture:
    """A scan at the size of a screen, uint8 RGB (height, width, 3), where it comes from, and in
    words what was removed."""

    display: NDArray[np.uint8]
    facts: Facts
    removed: str


@st.cache_resource(max_entries=4, show_spinner=False)
def predictor(version: str) -> Predictor:
    """The engine of a version, shared by all sessions."""
    return Predictor.load(version)


def _engine(version: str, keep: bool) -> Predictor:
    """The engine, shown annotations or not."""
    return predictor(version).keeping_annotations() if keep else predictor(version)


@dataclass(frozen=True)
class Answers:
    """What a session knows about its files under one version.

    Attributes:
        version: Label of the version.
        keep: Whether it is shown what is written on a scan.
    """

    version: str
    keep: bool

    def key(self, source: Source) -> Key:
        """What an answer is kept by; not by a name, which the reader may hide and show."""
        return source.identity, self.version, self.keep

    def known(self, source: Source) -> Answer | None:
        """The answer, if it is there already, under the present name of the file."""
        if source.refusal:
            return source.refusal
        if (found := _session().get(self.key(source))) is None:
            return None
        name, answer = found
        return _renamed(answer, name, source.name)

    def find(self, source: Source, told: Callable[[int, int], None]) -> Answer:
        """The answer about a still or a clip, or a sentence on why there is none.

        Args:
            source: A file.
            told: Called with (done, total) frames of a clip.
        """
        engine = _engine(self.version, self.keep)  # a broken version is not a bad file
        answer = _answer(source.name, source.data, engine, told)
        _session()[self.key(source)] = source.name, answer
        return answer


def forget_others(sources: Sequence[Source]) -> None:
    """Drop the answers about files that are no longer on the page."""
    here = {source.identity for source in sources}
    for key in [key for key in _session() if key[0] not in here]:
        del _session()[key]


def _session() -> dict[Key, tuple[str, Answer]]:
    """Answers, each with the name that its file had."""
    found: dict[Key, tuple[str, Answer]] = st.session_state.setdefault(ANSWERS, {})
    return found


def _renamed(answer: Answer, old: str, new: str) -> Answer:
    """The answer with another name in what is said of the file or of a frame."""
    if isinstance(answer, Finding) or old == new:
        return answer
    if isinstance(answer, str):
        return new + answer.removeprefix(old)
    frames = tuple(
        replace(frame, finding=ScanError(new + str(frame.finding).removeprefix(old)))
        if isinstance(frame.finding, ScanError)
        else frame
        for frame in answer.frames
    )
    return replace(answer, frames=frames)


def _answer(
    name: str, data: bytes, engine: Predictor, told: Callable[[int, int], None] | None
) -> Answer:
    """As `Answers.find`; without `told`, a clip is refused."""
    try:
        opened = open_scan(data, name)
        if not isinstance(opened, Clip):
            return engine.analyse(opened)
        if told is not None:
            return analyse_clip(engine, opened, told=told)
        raise ScanError.of(
            name,
            expected="a still scan",
            found=f"a clip of {len(opened)} frames",
            advice="Drop clips on the Classify page",
        )
    except ScanError as error:
        return str(error)
    except Exception as error:
        # One file must never cost the others their answers, whatever it contains.
        logging.getLogger(__name__).error("A scan could not be analysed: %s", failure(error))
        return f"{name}: the analysis failed. Export the scan again, or report this file's kind."


# The caches below belong to one session: they go when it ends, and no reader meets another's scan.
@st.cache_resource(scope="session", max_entries=1000, show_spinner=False)
def finding(name: str, data: bytes, version: str, keep: bool = False) -> Finding | str:
    """The answer about a still, or a sentence on why there is none; clips are the first page's."""
    answer = _answer(name, data, _engine(version, keep), told=None)
    assert not isinstance(answer, ClipFinding)
    return answer


def scan_of(name: str, data: bytes, frame: int | None = None) -> Scan:
    """The picture of a file that has a finding."""
    return read_scan(data, name) if frame is None else open_clip(data, name).frame(frame)


@st.cache_resource(scope="session", max_entries=24, show_spinner=False)
def picture(name: str, data: bytes, frame: int | None = None) -> Picture:
    """What to show of a file that has a finding."""
    scan, removed = without_patient(scan_of(name, data, frame), data)
    return Picture(fit_screen(scan.display), scan.facts, removed.words())


@st.cache_resource(scope="session", max_entries=24, show_spinner=False)
def seen(name: str, data: bytes, frame: int | None, version: str, keep: bool) -> NDArray[np.uint8]:
    """A scan as the model saw it, at the size of `picture`; black where it saw nothing."""
    scan = scan_of(name, data, frame)
    grey, region = preprocess(scan, replace(_engine(version, keep).input, scaling="0-1"))
    levels = np.rint(255 * place(grey[:, :, 0], region, scan.pixels.shape)).astype(np.uint8)
    return fit_screen(np.repeat(levels[:, :, np.newaxis], 3, axis=2))


@st.cache_resource(scope="session", max_entries=1000, show_spinner=False)
def second_look(
    name: str, data: bytes, frame: int | None, version: str, keep: bool
) -> NDArray[np.float64]:
    """Probabilities of the four under each of `methods.VIEWS`, shape (views, 4)."""
    return METHODS["augmentation"].sample([_engine(version, keep)], scan_of(name, data, frame))


@st.cache_resource(scope="session", max_entries=24, show_spinner=False)
def explanation(
    name: str, data: bytes, frame: int | None, version: str, keep: bool, method: str, key: str
) -> NDArray[np.float32]:
    """A heatmap that the finding does not hold, at the size of `picture`."""
    return fit_screen(explain(method, _engine(version, keep), scan_of(name, data, frame), key))


def forget() -> None:
    """Drop what this session holds."""
    forget_files()
    for cache in (finding, picture, seen, second_look, explanation):
        cache.clear()
