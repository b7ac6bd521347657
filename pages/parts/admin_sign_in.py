"""Who may see the page: the password form, and actions that hand its proof on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from fetal_model import wording
from fetal_model.store import admin
from fetal_model.store.admin import Proof, SignedOut, WrongPassword, password_is_set

_PROOF, _SAID = "admin_proof", "admin_said"
NOT_AUTHENTICATION = (
    "One password that several people share is not authentication: it keeps passers-by out, but "
    "does not tell who did what. Keep the app on a network you trust."
)


def signed_in() -> Proof | None:
    """The proof of whoever sits here, or None after the page has said what to do."""
    if not password_is_set():
        sign_out()
        st.info(
            "Nobody can administer yet: no administrator's password is set. On the machine that "
            "runs the app, set one and load this page again:"
        )
        st.code(".venv/bin/python -m fetal_model admin set-password", language="bash")
        st.caption(NOT_AUTHENTICATION)
        return None
    proof: Proof | None = st.session_state.get(_PROOF)
    if proof is not None:
        try:
            admin.verify(proof)
        except SignedOut as error:
            sign_out()
            _say("error", str(error))
        else:
            return proof
    show_said()
    with st.form("sign-in", border=False, width=420):
        password = st.text_input(
            "Password",
            type="password",
            autocomplete="current-password",
            help="The administrator's password, set by `python -m fetal_model admin set-password`.",
        )
        given = st.form_submit_button("Sign in", type="primary")
    if given:
        try:
            st.session_state[_PROOF] = admin.sign_in(password)
        except (WrongPassword, SignedOut) as error:
            st.error(str(error))
        else:
            st.rerun()
    st.caption(NOT_AUTHENTICATION)
    return None


def sign_out() -> None:
    """Forget the proof."""
    st.session_state.pop(_PROOF, None)


def proof_now() -> Proof:
    """What an action hands on; the action checks it.

    Raises:
        SignedOut: There is none in this session.
    """
    proof = st.session_state.get(_PROOF)
    if not isinstance(proof, Proof):
        raise SignedOut("Sign in with the administrator's password first.")
    return proof


def act(done: str, action: Callable[..., Any], *arguments: Any) -> None:
    """A button's callback: do it with the session's proof, and say how it went.

    Args:
        done: Sentence for when it went well.
        action: A function of `fetal_model.administration`.
        arguments: Its arguments after the proof.
    """
    try:
        action(proof_now(), *arguments)
    except SignedOut as error:
        sign_out()
        _say("error", str(error))
    except ValueError as error:
        _say("error", str(error))
    else:
        _say("success", done)


def show_said() -> None:
    """How the last action went, once."""
    if said := st.session_state.pop(_SAID, None):
        kind, text = said
        (st.success if kind == "success" else st.error)(wording.plain(text))


def _say(kind: str, text: str) -> None:
    st.session_state[_SAID] = (kind, text)
