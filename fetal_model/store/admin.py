"""The administrator's password and the proof that somebody gave it.

One shared password keeps passers-by from starting and promoting; it does not say who did it, so it
is not authentication. It holds until there are real accounts.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from fetal_model.store.home import home
from fetal_model.store.lock import held

SHORTEST, LONGEST = 12, 256  # characters
SIGNED_IN_FOR = 4 * 3600.0  # seconds
FREE_FAILURES = 5
LONGEST_WAIT = 900.0  # seconds
_FIRST_WAIT = 15.0  # seconds, doubled with every further failure
_HASHER = PasswordHasher()  # argon2id, RFC 9106's low-memory parameters


class SignedOut(PermissionError):
    """Nobody has proved that they are the administrator, or the proof has expired."""


class WrongPassword(PermissionError):
    """The password is not the administrator's, or it is too early for the next try."""


@dataclass(frozen=True)
class Proof:
    """That the password was given; stays on the server and is worth nothing once it expires.

    Attributes:
        expires: Seconds since 1970.
        nonce: Makes each proof another.
        seal: Keyed hash of both, with a key that changes with the password.
    """

    expires: float
    nonce: str
    seal: str


def password_file() -> Path:
    """Where the password's hash is kept."""
    return home() / "admin.json"


def password_is_set() -> bool:
    """Whether there is an administrator's password; there is none by default."""
    return password_file().is_file()


def set_password(password: str) -> None:
    """Set or replace the password; whoever is signed in is signed out, earlier failures forgotten.

    Raises:
        ValueError: It is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(
            f"password: expected {SHORTEST} to {LONGEST} characters, received {len(password)}; "
            "several words in a row are easy to remember"
        )
    content = {"password": _HASHER.hash(password), "key": secrets.token_hex(32)}
    with held(_lock()):
        _write_privately(password_file(), content)
        _failures_file().unlink(missing_ok=True)


def sign_in(password: str) -> Proof:
    """Exchange the password for a proof.

    The tries of all visitors are counted together and one at a time: after the first five wrong
    ones each next has to wait, twice as long every time, up to a quarter of an hour.

    Raises:
        WrongPassword: It is wrong, or it is too early to try again; the message says how long.
        SignedOut: No password has been set.
    """
    with held(_lock()):
        content = _content()
        failures = _read(_failures_file())
        count, last = int(failures.get("count", 0)), float(failures.get("last", 0))
        left = last + _wait_after(count) - time.time()
        if 0 < left <= LONGEST_WAIT:
            raise WrongPassword(_patience(left))
        try:
            if len(password) > LONGEST:
                raise InvalidHashError
            _HASHER.verify(content["password"], password)
        except (Argon2Error, InvalidHashError):
            count += 1
            _write_privately(_failures_file(), {"count": count, "last": time.time()})
            wait = _wait_after(count)
            raise WrongPassword(
                "That is not the administrator's password." + (f" {_patience(wait)}" * bool(wait))
            ) from None
        _failures_file().unlink(missing_ok=True)
    expires, nonce = time.time() + SIGNED_IN_FOR, secrets.token_hex(16)
    return Proof(expires, nonce, _seal(content["key"], expires, nonce))


def verify(proof: object) -> None:
    """Pass when `proof` came from `sign_in`, for the present password, and has not expired.

    Raises:
        SignedOut: Otherwise.
    """
    if not isinstance(proof, Proof):
        raise SignedOut("Sign in with the administrator's password first.")
    expected = _seal(_content()["key"], proof.expires, proof.nonce)
    if not hmac.compare_digest(expected.encode(), str(proof.seal).encode()):
        raise SignedOut("The password has changed. Sign in again.")
    if not time.time() < proof.expires:
        raise SignedOut("You were signed out after a while. Sign in again.")


def _content() -> dict[str, Any]:
    content = _read(password_file())
    if not {"password", "key"} <= set(content):
        raise SignedOut(
            "No administrator's password is set: run `python -m fetal_model admin set-password`."
        )
    return content


def _seal(key: str, expires: float, nonce: str) -> str:
    message = f"{expires!r}:{nonce}".encode()
    return hmac.new(bytes.fromhex(key), message, hashlib.sha256).hexdigest()


def _wait_after(failures: int) -> float:
    beyond = failures - FREE_FAILURES
    return 0.0 if beyond < 0 else min(LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(beyond, 10))


def _patience(seconds: float) -> str:
    return f"Too many wrong tries; the next is possible in {max(1, round(seconds))} seconds."


def _lock() -> Path:
    return home() / "admin.lock"


def _failures_file() -> Path:
    return home() / "admin-failures.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_privately(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all, and readable only by the account that runs the app."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(json.dumps(content) + "\n")
    beside.replace(path)
