"""The administrator's password: none by default, hashed, slow to guess; and what it guards."""

from __future__ import annotations

import inspect
import io
import json
import re
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner

from fetal_model import administration
from fetal_model.cli import app
from fetal_model.store import admin
from fetal_model.store.admin import Proof, SignedOut, WrongPassword
from fetal_model.training.jobs_plan import Changes

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own, without a password; hashing is made cheap."""
    monkeypatch.setattr(admin, "_HASHER", PasswordHasher(1, 8, 1))
    monkeypatch.setenv("FETAL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


class Clock:
    """Stands in for the time, so that no test waits."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moving = Clock()
    monkeypatch.setattr(admin.time, "time", moving)
    return moving


def test_there_is_no_password_by_default() -> None:
    assert not admin.password_is_set()
    for guess in ("", "admin", "password", PASSWORD):
        with pytest.raises(SignedOut, match="admin set-password"):
            admin.sign_in(guess)


def test_only_the_password_signs_in() -> None:
    admin.set_password(PASSWORD)
    admin.verify(admin.sign_in(PASSWORD))
    for wrong in ("", PASSWORD + " ", PASSWORD.upper(), PASSWORD[:-1], "x" * 100_000):
        admin._failures_file().unlink(missing_ok=True)
        with pytest.raises(WrongPassword, match="not the administrator's password"):
            admin.sign_in(wrong)


def test_the_file_holds_an_argon2_hash_and_is_private(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("FETAL_HOME", str(home))
    admin.set_password(PASSWORD)
    text = (home / "admin.json").read_text(encoding="utf-8")
    # RFC 9106: at least 64 MiB and three passes
    assert re.match(r"\$argon2id\$v=19\$m=65536,t=3,p=4\$", json.loads(text)["password"])
    assert PASSWORD not in text
    assert stat.S_IMODE((home / "admin.json").stat().st_mode) == 0o600
    admin.set_password(PASSWORD)
    assert (home / "admin.json").read_text(encoding="utf-8") != text  # salted


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 257])
def test_a_password_of_another_length_is_refused(password: str) -> None:
    with pytest.raises(ValueError, match=f"expected 12 to 256 characters, .* {len(password)}"):
        admin.set_password(password)
    assert not admin.password_is_set()


def test_a_proof_expires(clock: Clock) -> None:
    admin.set_password(PASSWORD)
    proof = admin.sign_in(PASSWORD)
    clock.now += admin.SIGNED_IN_FOR - 1
    admin.verify(proof)
    clock.now += 1
    with pytest.raises(SignedOut, match="after a while"):
        admin.verify(proof)
    with pytest.raises(SignedOut):
        admin.verify(replace(proof, expires=clock.now + 3600))


def test_another_password_signs_everybody_out() -> None:
    admin.set_password(PASSWORD)
    proof = admin.sign_in(PASSWORD)
    admin.set_password("another long password")
    with pytest.raises(SignedOut, match="has changed"):
        admin.verify(proof)
    with pytest.raises(WrongPassword):
        admin.sign_in(PASSWORD)


def wrong_try() -> str:
    with pytest.raises(WrongPassword) as caught:
        admin.sign_in("wrong")
    return str(caught.value)


def test_guessing_gets_slower_and_the_right_password_must_wait_too(clock: Clock) -> None:
    admin.set_password(PASSWORD)
    for _ in range(admin.FREE_FAILURES - 1):
        assert "seconds" not in wrong_try()
    waits = []
    for _ in range(9):
        said = re.search(r"the next is possible in (\d+) seconds", wrong_try())
        assert said
        waits.append(int(said[1]))
        clock.now += waits[-1] - 1
        with pytest.raises(WrongPassword, match=r"Too many wrong tries.* in 1 seconds"):
            admin.sign_in(PASSWORD)
        clock.now += 1
    assert waits == [15, 30, 60, 120, 240, 480, 900, 900, 900]
    admin.sign_in(PASSWORD)
    for _ in range(admin.FREE_FAILURES - 1):  # the count began anew
        assert "seconds" not in wrong_try()


def test_a_clock_set_back_locks_nobody_out_for_good(clock: Clock) -> None:
    admin.set_password(PASSWORD)
    for _ in range(admin.FREE_FAILURES):
        with pytest.raises(WrongPassword):
            admin.sign_in("wrong")
    clock.now -= 10 * admin.LONGEST_WAIT
    admin.verify(admin.sign_in(PASSWORD))


# What must be shown: signed out, every action is refused.

CHANGES = Changes(epochs=1, learning_rate=0.001, batch_size=8, phantoms=10)
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "trainings": (),
    "start": ("seed-cnn", CHANGES),
    "cancel": (1,),
    "restart": (1,),
    "estimate": ("seed-cnn", CHANGES),
    "measure": ("seed-cnn", CHANGES),
    "promote": ("sononet16/1",),
    "roll_back": (),
}
ACTIONS = {
    name: function
    for name, function in inspect.getmembers(administration, inspect.isfunction)
    if function.__module__ == administration.__name__
}


def expired() -> Proof:
    proof = admin.sign_in(PASSWORD)
    content = admin._content()
    return replace(proof, expires=1.0, seal=admin._seal(content["key"], 1.0, proof.nonce))


def of_an_earlier_password() -> Proof:
    admin.set_password("the one before this one")
    proof = admin.sign_in("the one before this one")
    admin.set_password(PASSWORD)
    return proof


NOT_PROOFS: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "the password": lambda: PASSWORD,
    "a flag": lambda: True,
    "made up": lambda: Proof(1e12, "0" * 32, "0" * 64),
    "sealed with nothing": lambda: Proof(1e12, "0" * 32, ""),
    "longer than it was given": lambda: replace(admin.sign_in(PASSWORD), expires=1e12),
    "expired": expired,
    "of an earlier password": of_an_earlier_password,
}


def test_the_table_has_every_action() -> None:
    assert set(ACTIONS) == set(ARGUMENTS)


@pytest.mark.parametrize("kind", NOT_PROOFS)
@pytest.mark.parametrize("action", ACTIONS)
def test_signed_out_every_action_is_refused(
    action: str, kind: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.set_password(PASSWORD)
    for module in (administration.jobs, administration.serving, administration.jobs_pace):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__:
                monkeypatch.setattr(module, name, lambda *_: pytest.fail("something was done"))
    proof = NOT_PROOFS[kind]()
    before = sorted(home.rglob("*"))
    with pytest.raises(SignedOut):
        ACTIONS[action](proof, *ARGUMENTS[action])
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize("action", ACTIONS)
def test_without_a_password_every_action_is_refused(action: str) -> None:
    with pytest.raises(SignedOut, match="admin set-password"):
        ACTIONS[action](Proof(1e12, "0", "0"), *ARGUMENTS[action])


def test_the_page_has_no_other_way_than_the_guarded_one() -> None:
    pages = Path(administration.__file__).resolve().parents[1] / "pages"
    text = "\n".join(file.read_text(encoding="utf-8") for file in pages.rglob("*.py"))
    for forbidden in (
        "import jobs\n", "jobs.submit", "jobs.cancel", "jobs.restart", "jobs_pace.measure(",
        "serving.promote", "serving.roll_back", "set_serving",
    ):  # fmt: skip
        assert forbidden not in text, forbidden


# The command line


def test_the_password_comes_from_a_pipe() -> None:
    result = CliRunner().invoke(app, ["admin", "set-password"], input=f"{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    admin.verify(admin.sign_in(PASSWORD))


@pytest.mark.parametrize("given", ["", "short\n"])
def test_a_bad_password_from_a_pipe_is_exit_2(given: str) -> None:
    result = CliRunner().invoke(app, ["admin", "set-password"], input=given)
    assert result.exit_code == 2
    assert not admin.password_is_set()


@pytest.mark.parametrize(("second", "code"), [(PASSWORD, 0), (PASSWORD + "!", 2)])
def test_at_a_terminal_it_is_asked_for_twice_without_echo(
    second: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answers = iter([PASSWORD, second])
    monkeypatch.setattr("fetal_model.cli.getpass.getpass", lambda _: next(answers))
    monkeypatch.setattr(sys, "stdin", Terminal())
    with pytest.raises(SystemExit) as ended:
        app(["admin", "set-password"])
    assert ended.value.code == code
    assert admin.password_is_set() is (code == 0)
