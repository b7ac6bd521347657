"""A quiz of ten scans: name the anatomy, say how sure you are, then see the truth and why."""

from __future__ import annotations

import streamlit as st

from fetal_model import wording
from fetal_model.teaching.quiz import Quiz
from fetal_model.teaching.wording import progress
from pages import require_entrance
from pages.parts.teach_session import learning, leave, start_over


def restart(quiz: Quiz) -> None:
    """Giving up a quiz that is under way needs a second click, and says what is lost."""
    with st.popover("Restart"):
        done = len(quiz.answers)
        answers = "answer" if done == 1 else "answers"
        st.markdown(f"This ends the quiz; your {done} {answers} so far will be lost.")
        st.button("Start this quiz over", on_click=start_over, width="stretch")
        st.button("Choose another quiz", on_click=leave, width="stretch")


def on_the_table(quiz: Quiz) -> None:
    """The question under way, or what there is to learn from it once it is answered."""
    # The page already stands while this brings in the inference engine.
    from fetal_model.charts import anatomy_borders
    from pages.parts.teach_question import show_question
    from pages.parts.teach_truth import show_truth

    st.html(anatomy_borders())
    st.progress(len(quiz.answers) / len(quiz.questions), progress(quiz))
    if quiz.given is None:
        show_question(quiz)
    else:
        show_truth(quiz, quiz.given)


require_entrance()
state = learning()
bar = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
bar.title("Teach", anchor=False, width="content")
for note in state.notes:
    st.warning(wording.plain(note))
if state.quiz is None and state.order is None:
    from pages.parts.teach_start import show_start

    show_start()
elif state.quiz is None and state.order is not None:
    from pages.parts.teach_drawing import draw

    draw(state.order)
elif state.quiz is not None and state.quiz.finished:
    from fetal_model.charts import anatomy_borders
    from pages.parts.teach_result import show_result

    st.html(anatomy_borders())
    show_result(state.quiz)
elif state.quiz is not None:
    with bar:
        restart(state.quiz)
    on_the_table(state.quiz)
