"""A name for a scan that tells nothing: file names carry the names and numbers of patients."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import cache

from fetal_model.settings import read_settings

_DIGITS = 6


def pseudonym(name: str, data: bytes) -> str:
    """The name that stands for a file, the same for the same file as long as the key is the same.

    It cannot be turned back, nor guessed by trying names, without the key: `FETAL_PSEUDONYM_KEY`,
    or else a new one with every start. One in 16.8 million pairs of files shares a pseudonym.

    Args:
        name: The file's name.
        data: The file.

    Example:
        >>> one, same, other = (pseudonym(name, b"x") for name in ("a.png", "a.png", "b.png"))
        >>> one == same, one == other, one.startswith("scan-"), len(one)
        (True, False, True, 11)
    """
    key = hmac.new(_key(), name.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return "scan-" + hmac.new(key, data, hashlib.sha256).hexdigest()[:_DIGITS]


def _key() -> bytes:
    given = read_settings().pseudonym_key
    return given.get_secret_value().encode() if given else _of_this_process()


@cache
def _of_this_process() -> bytes:
    return secrets.token_bytes(32)
