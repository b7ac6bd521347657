"""Settings come from three places in order; wrong ones are refused in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fetal_model import settings
from fetal_model.evaluation import docs_settings
from fetal_model.settings import Settings, SettingsError, read_settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An empty environment, and the two files that settings are read from, in a folder of ours."""
    for name in list(os.environ):
        if name.startswith(settings.PREFIX):
            monkeypatch.delenv(name)
    env, secrets = tmp_path / ".env", tmp_path / "secrets.toml"
    monkeypatch.setitem(Settings.model_config, "env_file", env)
    monkeypatch.setattr(settings, "SECRETS_FILE", secrets)
    return env, secrets


def test_defaults_stand_when_nothing_is_set() -> None:
    given = read_settings()
    assert given.home == ROOT / "data"
    assert given.weights == ROOT / "weights"
    assert given.shared == ROOT.parent / "shared"
    assert given.max_bytes == 64 * 1024**2
    assert given.max_pixels == 40_000_000
    assert given.hide_file_names
    assert given.pseudonym_key is None


def test_the_environment_wins_over_env_and_that_over_secrets(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    env, secrets = files
    secrets.write_text('FETAL_HOME = "from-secrets"\nFETAL_MAX_FILES = 3\n[auth]\nx = "y"\n')
    assert (read_settings().home, read_settings().max_files) == (Path("from-secrets"), 3)
    env.write_text("FETAL_HOME=from-env\nOTHER=1\n")
    assert (read_settings().home, read_settings().max_files) == (Path("from-env"), 3)
    monkeypatch.setenv("FETAL_HOME", "from-environment")
    assert read_settings().home == Path("from-environment")
    monkeypatch.setenv("FETAL_HOME", "")
    assert read_settings().home == Path("from-env"), "empty is not set"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FETAL_MAX_BYTES", "many", "FETAL_MAX_BYTES: input should be a valid integer"),
        ("FETAL_MAX_PIXELS", "10", "FETAL_MAX_PIXELS: input should be greater than"),
        ("FETAL_MAX_FILES", "100000", "FETAL_MAX_FILES: input should be less than"),
        ("FETAL_HIDE_FILE_NAMES", "perhaps", "FETAL_HIDE_FILE_NAMES: input should be a valid bool"),
        ("FETAL_PSEUDONYM_KEY", "hunter2", "FETAL_PSEUDONYM_KEY: value should have at least 16"),
    ],
)
def test_a_wrong_value_is_refused_in_a_sentence_that_does_not_quote_it(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    message = str(caught.value)
    assert said in message
    assert "docs/settings.md" in message
    assert "\n" not in message
    if not value.isdigit():
        assert value not in message


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FETAL_MAX_BYTES", "0")
    monkeypatch.setenv("FETAL_MAX_FILES", "0")
    with pytest.raises(SettingsError, match=r"FETAL_MAX_BYTES.*FETAL_MAX_FILES"):
        read_settings()


def test_secrets_that_are_no_toml_are_refused(files: tuple[Path, Path]) -> None:
    files[1].write_text("FETAL_HOME = [")
    with pytest.raises(SettingsError, match=r"secrets\.toml: expected TOML"):
        read_settings()


def test_a_key_is_not_shown() -> None:
    shown = Settings(pseudonym_key="correct horse battery")  # type: ignore[arg-type]
    assert "horse" not in repr(shown) + str(shown)


@pytest.mark.parametrize("module", ["fetal_model", "fetal_model.settings"])
def test_a_command_ends_with_2_before_it_does_anything(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, *(["--help"] if module == "fetal_model" else [])],
        cwd=ROOT, env={**os.environ, "FETAL_MAX_BYTES": "many"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Wrong setting FETAL_MAX_BYTES")
    assert len(done.stderr.splitlines()) == 1


def test_limits_of_scans_are_the_settings() -> None:
    code = "from fetal_model.scan import limits as l; print(l.MAX_BYTES, l.MAX_PIXELS)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "FETAL_MAX_BYTES": "2000000", "FETAL_MAX_PIXELS": "3000000"},
    )  # fmt: skip
    assert done.stdout.split() == ["2000000", "3000000"]


def test_every_setting_is_documented() -> None:
    text = docs_settings.settings()
    for name, field in Settings.model_fields.items():
        assert f"`FETAL_{name.upper()}`" in text
        assert field.description
        assert str(ROOT) not in text


def test_nothing_else_reads_a_setting_from_the_environment() -> None:
    for path in [*(ROOT / "fetal_model").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert 'environ.get("FETAL_' not in text, path
        assert 'environ["FETAL_' not in text, path
