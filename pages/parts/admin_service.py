"""Which version serves: compare another with it, promote, roll back, and who served when."""

from __future__ import annotations

import streamlit as st

from fetal_model import administration, wording, wording_training
from fetal_model.store import serving
from fetal_model.store.versions import Version, find_version, list_versions
from pages.parts.admin_sign_in import act


def show_service() -> None:
    """The version in service, and the way back to the one before."""
    services = serving.history()
    version = find_version()
    with st.container(horizontal=True, vertical_alignment="center", key="in-service"):
        with st.container(gap="xxsmall"):
            st.markdown(f"In service: **{wording.plain(version.label)}**")
            since = wording_training.in_service_since(services[-1])
            st.caption(wording.plain(f"{since} {wording.learned_from(version)}"))
        earlier = serving.before(services)
        with st.popover(
            "Roll back",
            disabled=earlier is None,
            key=f"back-{len(services)}",
            help="No version has served before this one." if earlier is None else None,
        ):
            st.write(f"Bring {earlier} back into service? It answers from the next scan on.")
            st.button(
                f"Roll back to {earlier}",
                type="primary",
                on_click=act,
                args=(f"{earlier} is back in service.", administration.roll_back),
            )


def show_comparison() -> None:
    """Another version's figures beside those of the one in service, and the way to promote it."""
    st.subheader("Compare and promote", anchor=False)
    present = find_version()
    others = [v for v in list_versions() if v.label != present.label]
    if not others:
        st.caption("There is no other version yet; a finished training adds one.")
        return
    others.sort(key=_age)
    labels = [version.label for version in others]
    label = st.selectbox(
        "Version to compare with the one in service",
        labels,
        key=f"candidate-{len(labels)}-{present.label}",
        help="The newest stands first.",
    )
    other = others[labels.index(label)]
    if learned := wording.learned_from(other):
        st.caption(wording.plain(learned))
    try:
        tables = _figures(present.label, label, _stamp(present), _stamp(other))
    except ValueError as error:
        st.warning(wording.plain(str(error)))
        tables = []
    for title, note, rows in tables:
        st.markdown(f"**{title}**")
        st.caption(f"{note} Each figure with its n and its 95% interval.")
        names = ("Figure", f"{present.label} (in service)", label)
        st.table([dict(zip(names, row, strict=True)) for row in rows], hide_index=True)
    with st.popover("Promote", key=f"promote-{label}-{present.label}"):
        st.write(
            f"Put {label} into service in place of {present.label}? It answers from the next scan "
            "on; roll back brings the other one back."
        )
        st.button(
            f"Promote {label}",
            type="primary",
            on_click=act,
            args=(f"{label} is in service.", administration.promote, label),
        )


def show_history() -> None:
    """Who served when, the present one first."""
    with st.expander("Who served when"):
        rows = [wording_training.service(entry) for entry in reversed(serving.history())]
        st.table(rows, hide_index=True)


def _age(version: Version) -> float:
    return -version.path.stat().st_mtime


def _stamp(version: Version) -> str:
    return str(sorted(version.metadata.get("files", {}).items()))


@st.cache_data(show_spinner="Comparing the two versions", max_entries=20)
def _figures(
    present: str, other: str, *stamps: str
) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """Cached, because intervals are resampled two thousand times."""
    from fetal_model.evaluation.side_by_side import side_by_side

    found = side_by_side(find_version(present), find_version(other))
    return [(table.title, table.note, table.rows) for table in found]
