"""A question on the table: the scan, four answers, and how sure the learner is."""

from __future__ import annotations

import streamlit as st

from fetal_model.anatomy import ANATOMIES, BY_KEY
from fetal_model.teaching.quiz import LEVELS, Quiz
from fetal_model.teaching.wording import level
from pages.parts.answers import picture
from pages.parts.teach_session import be_sure, learning, pick, submit


def show_question(quiz: Quiz) -> None:
    """The scan without its name or anything else that would tell, and the answers beside it."""
    state, question = learning(), quiz.current
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(key=f"scan-question-{quiz.position}"):
        st.image(
            picture(question.name, question.data).display,
            width="stretch",
            output_format="PNG",
            alt=f"Scan {quiz.position + 1} of {len(quiz.questions)}, to be named",
        )
        if question.simulated:
            st.caption("A simulated scan.")
    with right:
        st.markdown("**Which anatomy does this scan show?**")
        grid = st.grid(2, min_column_width=130)
        for number, anatomy in enumerate(ANATOMIES, start=1):
            with grid.cell(), st.container(key=f"card-{anatomy.key}-choice"):
                st.button(
                    anatomy.name,
                    key=f"teach-choice-{anatomy.key}",
                    type="primary" if state.choice == anatomy.key else "secondary",
                    shortcut=str(number),
                    on_click=pick,
                    args=(anatomy.key,),
                    width="stretch",
                )
        st.markdown(
            "**How sure are you?**",
            help="The chance that your answer is right. With four to choose from, a guess is "
            "right one time in four.",
        )
        grid = st.grid(2, min_column_width=130)
        for number, (confidence, _) in enumerate(LEVELS, start=1 + len(ANATOMIES)):
            with grid.cell():
                st.button(
                    level(confidence),
                    key=f"teach-sure-{confidence}",
                    type="primary" if state.sure == confidence else "secondary",
                    shortcut=str(number),
                    on_click=be_sure,
                    args=(confidence,),
                    width="stretch",
                )
        ready = state.choice is not None and state.sure is not None
        st.button(
            "Answer",
            type="primary",
            shortcut="A",
            disabled=not ready,
            on_click=submit,
            width="stretch",
        )
        st.caption(_picked(state.choice, state.sure))


def _picked(choice: str | None, sure: float | None) -> str:
    if choice is None:
        return "Pick an anatomy."
    name = BY_KEY[choice].name
    if sure is None:
        return f"Picked: {name}. Now say how sure you are."
    return f"Picked: {name}, {level(sure).lower()}. An answer cannot be changed."
