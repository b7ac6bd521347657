"""Every setting of an installation: its name, its limits and its default, read in one place.

A setting `FETAL_X` is looked for in the environment, in `.env` and in `.streamlit/secrets.toml` of
the project, in this order, under the same name in each. `docs/settings.md` lists them.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

ROOT = Path(__file__).resolve().parents[1]
ENV_FILE = ROOT / ".env"
SECRETS_FILE = ROOT / ".streamlit" / "secrets.toml"
PREFIX = "FETAL_"


class SettingsError(ValueError):
    """A setting has a value it cannot have; the message is one sentence that can be shown."""


class Settings(BaseSettings):
    """One field a setting; its description is what the docs say about it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=ENV_FILE, env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(
        default=ROOT / "data",
        description="Folder of the password's hash, the trainings and their simulated scans.",
    )
    weights: Path = Field(default=ROOT / "weights", description="Folder of the versions.")
    shared: Path = Field(
        default=ROOT.parent / "shared",
        description="Folder with `real_scans/` and `pretrained/`; without it the tests that need "
        "real scans skip, and `sononet16` cannot be trained.",
    )
    # A still of a scanner has 0.5 to 25 MB, uncompressed and in colour.
    max_bytes: int = Field(
        default=64 * 1024**2,
        ge=1024**2,
        le=2 * 1024**3,
        description="Largest still that is read, in bytes.",
    )
    max_upload_bytes: int = Field(
        default=256 * 1024**2,
        ge=1024**2,
        le=256 * 1024**2,  # the server takes no more, see .streamlit/config.toml
        description="Largest clip or ZIP that the first page takes, in bytes; it stays in memory.",
    )
    # A scanner's screen has 1 to 8 megapixels. 40 leaves room for a photographed screen, and keeps
    # one scan in memory (4 bytes a pixel for `pixels`, 3 for `display`) below 300 MB.
    max_pixels: int = Field(
        default=40_000_000,
        ge=1_000_000,
        le=170_000_000,  # from 179 on Pillow refuses by itself
        description="Largest picture that is decoded, in pixels; seven bytes of memory each.",
    )
    max_frames_counted: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="Where counting the pictures of a file stops.",
    )
    max_files: int = Field(
        default=500,
        ge=1,
        le=1000,
        description="Most files on the page at once; their bytes stay in memory meanwhile.",
    )
    hide_file_names: bool = Field(
        default=True,
        description="Whether the pages begin with pseudonyms in place of file names.",
    )
    pseudonym_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        max_length=1000,
        description="Secret that pseudonyms are made with, 16 characters or more: the same file "
        "then gets the same pseudonym after a restart. Without it each start has its own.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over `.env`, and that over Streamlit's secrets."""
        secrets = InitSettingsSource(settings_cls, _secrets(SECRETS_FILE))
        return init_settings, env_settings, dotenv_settings, secrets


def read_settings() -> Settings:
    """Read every setting anew.

    Raises:
        SettingsError: A value is wrong, or a file that holds settings cannot be read.
    """
    try:
        return Settings()
    except ValidationError as error:
        # Never the value itself: it may be a secret.
        faults = [f"{_name(fault['loc'])}: {_lowered(fault['msg'])}" for fault in error.errors()]
        raise SettingsError(
            f"Wrong setting {'; '.join(faults)}; correct it where it is set, in the environment, "
            ".env or .streamlit/secrets.toml (docs/settings.md says what is possible)."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"Settings: expected readable files .env and .streamlit/secrets.toml, found one that "
            f"cannot be read ({type(error).__name__}); correct or delete it."
        ) from None


def unknown_settings(given: dict[str, str]) -> list[str]:
    """Names in `given` that begin like a setting and are none.

    >>> unknown_settings({"FETAL_HOMES": "x", "FETAL_HOME": "y", "PATH": "z"})
    ['FETAL_HOMES']
    """
    return sorted(
        name
        for name in given
        if name.upper().startswith(PREFIX)
        and name.upper().removeprefix(PREFIX).lower() not in Settings.model_fields
    )


def _secrets(path: Path) -> dict[str, str]:
    """Settings among the secrets; those of others, such as a sign-in's, are theirs."""
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f".streamlit/secrets.toml: expected TOML, found something else ({error}); correct it."
        ) from None
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in content.items()
        if name.startswith(PREFIX)
    }


def _name(location: tuple[int | str, ...]) -> str:
    return PREFIX + ".".join(map(str, location)).upper()


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def require_valid() -> None:
    """End this process with a sentence and exit code 2 when a setting is wrong."""
    try:
        read_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    require_valid()
