"""The end of a round: the score by anatomy, confidence against the truth, and what was missed."""

from __future__ import annotations

import streamlit as st

from fetal_model.anatomy import BY_KEY
from fetal_model.charts import CONFIG, learner_calibration
from fetal_model.explain.outline import outline
from fetal_model.predictor import Finding
from fetal_model.teaching.quiz import Quiz
from fetal_model.teaching.score import calibrate, score, score_by_anatomy, score_model
from fetal_model.teaching.wording import (
    interval,
    model_result,
    reliability,
    result_row,
    share,
    truth,
    verdict,
)
from pages.parts.answers import picture
from pages.parts.teach_session import learning, leave, repeat_missed, start_over
from pages.parts.teach_truth import model_answer


def show_result(quiz: Quiz) -> None:
    """The result, and the ways on from here."""
    models = [model_answer(question) for question in quiz.questions]
    order = learning().order
    with st.container(gap="xxsmall"):
        st.subheader(share(score(quiz.answered)), anchor=False)
        beside, rejected = score_model(quiz.questions, models)
        st.caption(model_result(beside, rejected, order.version if order else None))
        if any(question.simulated for question in quiz.questions):
            st.caption("Measured on simulated scans; real ones may be harder.")
    _ways_on(quiz)
    _by_anatomy(quiz)
    left, right = st.columns(2, gap="large")
    with left:
        _confidence(quiz)
    with right:
        _missed(quiz)
    _table(quiz, models)


def _ways_on(quiz: Quiz) -> None:
    with st.container(horizontal=True):
        if quiz.missed:
            n = len(quiz.missed)
            st.button(
                f"Again, the {n} I missed" if n > 1 else "Again, the one I missed",
                type="primary",
                on_click=repeat_missed,
            )
        st.button("New quiz", type="secondary" if quiz.missed else "primary", on_click=leave)
        st.button("The same quiz again", on_click=start_over)


def _by_anatomy(quiz: Quiz) -> None:
    st.markdown("**By anatomy**")
    grid = st.grid(4, min_column_width=140)
    for key, right in score_by_anatomy(quiz.answered).items():
        with grid.cell(), st.container(border=True, key=f"card-{key}-score", gap="xxsmall"):
            st.metric(BY_KEY[key].name, f"{right.count} of {right.n}")
            st.caption(interval(right))


def _confidence(quiz: Quiz) -> None:
    found = calibrate(quiz.answered)
    st.markdown("**Were you as right as you were sure?**")
    st.plotly_chart(
        learner_calibration(
            [level.confidence for level in found.levels],
            [level.right.count for level in found.levels],
            [level.right.n for level in found.levels],
            [level.right.interval for level in found.levels],
        ),
        config=CONFIG,
        key="teach-calibration",
        alt=reliability(found),
    )
    st.caption(
        "On the dotted line you are right as often as you said. Beside each point: right answers "
        "out of all with that confidence; whiskers: 95% interval."
    )
    st.markdown(verdict(found))


def _missed(quiz: Quiz) -> None:
    st.markdown("**What you missed**")
    if not quiz.missed:
        st.markdown("Nothing: every scan was named rightly.")
    grid = st.grid(3, min_column_width=140, key="gallery")
    for number, (question, answer) in enumerate(quiz.answered, start=1):
        if answer.choice == question.label:
            continue
        shown = picture(question.name, question.data).display
        anatomy = BY_KEY[question.label]
        if question.mask is not None:
            shown = outline(shown, question.mask, anatomy.colour)
        words = truth(question, answer)
        with grid.cell(), st.container(gap="xxsmall"):
            st.image(shown, width="stretch", alt=f"Scan {number}: {words}")
            st.caption(f"Scan {number}: {words}")


def _table(quiz: Quiz, models: list[Finding | str | None]) -> None:
    st.markdown("**Every scan**")
    rows = [
        result_row(number, question, answer, model)
        for number, ((question, answer), model) in enumerate(
            zip(quiz.answered, models, strict=True), start=1
        )
    ]
    height = 38 + 35 * len(rows)
    st.dataframe(rows, hide_index=True, height=height, alt="Truth and answers for every scan")
