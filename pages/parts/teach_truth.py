"""After an answer: the truth with its outline, what makes the plane, and the model's answer."""

from __future__ import annotations

import streamlit as st

from fetal_model import wording
from fetal_model.anatomy import BY_KEY, KEYS
from fetal_model.charts import CONFIG, probability_bars
from fetal_model.explain.outline import outline
from fetal_model.explain.overlay import fit_screen, legend_strip, overlay
from fetal_model.predictor import Finding
from fetal_model.store.versions import VersionError
from fetal_model.teaching.landmarks import LANDMARKS, PLANES, tell_apart
from fetal_model.teaching.quiz import Answer, Question, Quiz
from fetal_model.teaching.wording import model_beside, outlined, said, truth
from pages.parts.answers import finding, picture
from pages.parts.teach_session import learning, proceed


def model_answer(question: Question) -> Finding | str | None:
    """What the model makes of a scan, a sentence on why it cannot say, or None without a model."""
    order = learning().order
    if order is None or order.version is None:
        return None
    try:
        return finding(question.name, question.data, order.version)
    except VersionError as error:
        return f"The model cannot answer. {error}"


def show_truth(quiz: Quiz, answer: Answer) -> None:
    """The truth about the question on the table, once the learner has answered it."""
    question, model = quiz.current, model_answer(quiz.current)
    last = quiz.position + 1 == len(quiz.questions)
    with st.container(border=True, key=f"card-{question.label}-truth"):
        bar = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        with bar.container(gap="xxsmall", width="content"):
            st.subheader(truth(question, answer), anchor=False)
            st.caption(said(answer))
        bar.button(
            "See the result" if last else "Next scan",
            type="primary",
            shortcut="N",
            on_click=proceed,
            args=(quiz.position,),
        )
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _picture(quiz.position, question, model)
        with right:
            _recognise(question, answer)
            _model(question, answer, model)


@st.fragment
def _picture(position: int, question: Question, model: Finding | str | None) -> None:
    """The scan; a fragment, so that a toggle reruns nothing else."""
    key = f"teach-{position}"
    shown = picture(question.name, question.data).display
    place = st.container(key=f"scan-{key}")
    legend = st.container(gap="xxsmall")
    on, strength, of = False, 0.0, question.label
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        around = question.mask is not None and st.toggle("Outline", True, key=f"{key}-outline")
        if isinstance(model, Finding):
            of = model.anatomy.key
            on = st.toggle("Overlay", True, key=f"{key}-overlay")
            opacity = st.slider(
                "Opacity of the overlay", 0, 100, 60, 5, format="Opacity %d%%",
                key=f"{key}-opacity", disabled=not on, label_visibility="collapsed",
            )  # fmt: skip
            strength = opacity / 100 if on else 0.0
    if isinstance(model, Finding):
        of = st.segmented_control(
            "Anatomy that the overlay explains", KEYS, default=of, required=True,
            format_func=lambda key: BY_KEY[key].name, key=f"{key}-class", disabled=not on,
            label_visibility="collapsed",
        )  # fmt: skip
        if on:
            shown = overlay(shown, fit_screen(model.heatmap(of)), strength)
        with legend:
            st.image(
                legend_strip(strength), width="stretch", alt="Colours of the overlay, least to most"
            )
            st.caption(wording.legend(of, "Grad-CAM", on))
    if around and question.mask is not None:
        shown = outline(shown, question.mask, BY_KEY[question.label].colour)
    with legend:
        st.caption(outlined(question, bool(around)))
        st.caption(" ".join(filter(None, (question.about, _file(question)))))
    alt = f"Scan {position + 1}: {BY_KEY[question.label].name}"
    place.image(shown, width="stretch", output_format="PNG", alt=alt)


def _file(question: Question) -> str:
    return "" if question.simulated else wording.plain(question.name)


def _recognise(question: Question, answer: Answer) -> None:
    name = BY_KEY[question.label].name.lower()
    st.markdown(f"**What makes the {name} recognisable**")
    st.markdown(BY_KEY[question.label].good_plane)
    marks = [*LANDMARKS[question.label], *filter(None, [PLANES.get(question.plane)])]
    st.markdown("\n".join(f"- {mark}" for mark in marks))
    if apart := tell_apart(question.label, answer.choice):
        other = BY_KEY[answer.choice].name.lower()
        st.markdown(f"**How to tell it from the {other}**")
        st.markdown(apart)


def _model(question: Question, answer: Answer, model: Finding | str | None) -> None:
    st.markdown("**The model's answer**")
    if not isinstance(model, Finding):
        st.markdown(wording.plain(model or "No model answers in this quiz."))
        return
    st.markdown(f"**{wording.headline(model)}**")
    st.markdown(model_beside(model, question, answer))
    for reason in model.reasons:
        st.markdown(wording.plain(reason))
    st.plotly_chart(
        probability_bars(model.probabilities, model.standard_deviation, height=150),
        config=CONFIG,
        key=f"teach-bars-{question.identity}",
        alt=wording.bars(model),
    )
    st.caption(wording.spread(model))
    order = learning().order
    st.caption(wording.plain(f"By {model.version}. {order.learned if order else ''}"))
