"""All files on the page: answered one after the other, then listed, chosen from and shown."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fetal_model import listing, wording
from fetal_model.charts import anatomy_borders
from fetal_model.predictor_clip import ClipFinding
from pages.parts.answers import Answer, Answers, Key, Source, forget_others
from pages.parts.asked import Asked
from pages.parts.card import show_card, show_error
from pages.parts.clip_card import show_clip
from pages.parts.export import entry, show_choices
from pages.parts.kept import STOPPED

PER_PAGE = 8
CARD_HEIGHT = 640  # of a card that is still to come, in pixels
CONTROLS_HEIGHT = 76


def show_batch(sources: Sequence[Source], asked: Asked, export: DeltaGenerator) -> None:
    """A card for each file, below a table when there are several.

    Args:
        sources: The files, at least one.
        asked: How they shall be answered.
        export: Filled once no file is waited for.
    """
    st.html(anatomy_borders())
    answers = Answers(asked.version.label, asked.keep)
    forget_others(sources)
    stopped: set[Key] = st.session_state.setdefault(STOPPED, set())
    todo = [s for s in sources if answers.known(s) is None and answers.key(s) not in stopped]
    if todo:
        _answer_all(sources, todo, answers, asked)
        st.rerun()
    found = [_decided(answers.known(source), asked) for source in sources]
    _offer_to_go_on(found)
    shown, which = [0], ""
    if len(sources) > 1:
        shown, which = _list(sources, found)
    for index in _page(shown, sources):
        _show(sources[index], found[index], asked)
    entries = [
        entry(sources[index], answer, asked.promises)
        for index in shown
        if (answer := found[index]) is not None
    ]
    show_choices(export, entries, asked.version, _exported(len(entries), found, which))


def _answer_all(
    sources: Sequence[Source], todo: Sequence[Source], answers: Answers, asked: Asked
) -> None:
    """Ask about each file, with a way out; the first cards stand as soon as they can.

    Everything has the place that it has in the end, so that nothing jumps.
    """
    if len(sources) > 1:
        st.skeleton(height=CONTROLS_HEIGHT)
        st.skeleton(height=_table_height(len(sources)))
    first = list(sources[:PER_PAGE])
    if len(sources) > PER_PAGE:
        st.container()  # the pages
    waiting = {source.identity for source in todo}
    places = [
        st.skeleton(height=CARD_HEIGHT) if source.identity in waiting else st.container()
        for source in first
    ]
    # Pinned to the bottom, where it comes and goes without moving a card.
    foot = st.bottom.empty()
    with foot.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0)
        # without the files themselves, which the button would keep
        keys = [answers.key(source) for source in todo]
        st.button("Stop", on_click=_stop, args=(keys,), help="Keep the answers so far.")
    for index, source in enumerate(sources):
        answer = answers.known(source)
        if source.identity in waiting:
            said = f"Scan {index + 1} of {len(sources)}"

            def told(done: int, total: int, said: str = said, index: int = index) -> None:
                share = (index + done / total) / len(sources)
                bar.progress(share, f"{said}, frame {done + 1} of {total}")

            bar.progress(index / len(sources), said)
            answer = answers.find(source, told)
        if index < len(first):
            with places[index].container() if source.identity in waiting else places[index]:
                _show(source, _decided(answer, asked), asked)
    foot.empty()


def _stop(keys: Sequence[Key]) -> None:
    st.session_state[STOPPED].update(keys)  # what has its answer by now keeps it


def _exported(count: int, found: Sequence[Answer | None], which: str) -> str:
    """Which files an export is about, in a sentence."""
    if not count:
        return "None of the files that are shown has an answer."
    left = sum(answer is None for answer in found)
    about = "All" if count == len(found) else f"{count} of"
    said = f"{about} {len(found)} {'file' if len(found) == 1 else 'files'}{which}."
    return f"{said} Files without an answer are left out." if left else said


def _offer_to_go_on(found: Sequence[Answer | None]) -> None:
    left = sum(answer is None for answer in found)
    if not left:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(f"Stopped: {left} of {len(found)} files have no answer yet.")
        st.button("Go on", on_click=st.session_state[STOPPED].clear)


def _list(sources: Sequence[Source], found: Sequence[Answer | None]) -> tuple[list[int], str]:
    """The table with its controls; the files that the reader wants to see, in their order, and
    whether they were listed or selected."""
    names = [source.name for source in sources]
    groups = listing.by_group(found)
    with st.container(horizontal=True, vertical_alignment="bottom", key="listing"):
        group = st.pills(
            "Show",
            list(groups),
            default=listing.ALL,
            required=True,
            format_func=lambda group: f"{listing.GROUPS[group]} ({len(groups[group])})",
            key="listing-group",
            wrap=True,
        )
        order = st.selectbox(
            "Order",
            list(listing.ORDERS),
            format_func=listing.ORDERS.__getitem__,
            key="listing-order",
            width=200,
        )
    shown = listing.ordered(groups[group], names, found, order)
    rows = [_row(sources[index], found[index]) for index in shown]
    table = st.dataframe(
        rows,
        height=_table_height(len(rows)),
        hide_index=True,
        alt="Summary of all scans",
        # other rows, another table: what was selected in one means nothing in the other
        key=f"table-{_identity(shown, sources)}",
        on_select="rerun",
        selection_mode="multi-row",
    )
    selected = sorted(table.selection.rows)
    if selected:
        st.caption(f"{len(selected)} selected: cards and exports are of these alone.")
        return [shown[row] for row in selected], ", as selected"
    return shown, "" if group == listing.ALL else ", as listed"


def _identity(shown: Sequence[int], sources: Sequence[Source]) -> str:
    """Of a list: other files, or the same in another order, make another."""
    identities = ",".join(sources[index].identity for index in shown)
    return hashlib.sha256(identities.encode()).hexdigest()[:8]


def _page(shown: Sequence[int], sources: Sequence[Source]) -> Sequence[int]:
    pages = -(-len(shown) // PER_PAGE)
    page = st.pagination(pages, key=f"page-{_identity(shown, sources)}") if pages > 1 else 1
    return shown[(page - 1) * PER_PAGE : page * PER_PAGE]


def _show(source: Source, answer: Answer | None, asked: Asked) -> None:
    if answer is None:
        with st.container(border=True):
            st.caption(f"{wording.plain(source.name)}: not looked at.")
    elif isinstance(answer, str):
        show_error(answer)
    elif isinstance(answer, ClipFinding):
        show_clip(source, answer, asked)
    else:
        show_card(source, answer, asked)


def _row(source: Source, answer: Answer | None) -> dict[str, str]:
    if isinstance(answer, ClipFinding):
        return wording.row(f"{source.name}, frame {answer.best}", answer.finding)
    return wording.row(source.name, answer)


def _decided(answer: Answer | None, asked: Asked) -> Answer | None:
    return answer if answer is None or isinstance(answer, str) else asked.promises.decide(answer)


def _table_height(rows: int) -> int:
    return 38 + 35 * min(max(rows, 1), 10)
