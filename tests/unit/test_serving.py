"""Promote, roll back, and who served when."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fetal_model.cli import app
from fetal_model.store import serving
from fetal_model.store.serving import HISTORY, before, history, promote, roll_back
from fetal_model.store.versions import (
    HEAD,
    METADATA,
    VersionError,
    find_version,
    publish,
    set_serving,
    sha256,
)  # fmt: skip
from fetal_model.store.versions import serving as in_service


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """`net/1` in service, `net/2` to `net/4` beside it."""

    def fill(folder: Path) -> None:
        (folder / HEAD).write_bytes(b"weights")
        metadata = {"name": "net", "files": {HEAD: sha256(folder / HEAD)}}
        (folder / METADATA).write_text(json.dumps(metadata), encoding="utf-8")

    for _ in range(4):
        publish("net", fill, tmp_path)
    set_serving("net/1", tmp_path)
    return tmp_path


def told(root: Path) -> list[tuple[str, str]]:
    return [(entry.version, entry.change) for entry in history(root)]


def test_promoted_serves_and_is_written_down(root: Path) -> None:
    assert promote("net/3", "page", root).label == "net/3"
    assert find_version(None, root).label == "net/3"
    assert told(root) == [("net/1", "first"), ("net/3", "promoted")]
    assert history(root)[0].since == ""  # nobody wrote it down
    assert history(root)[1].since.startswith("20")
    assert history(root)[1].by == "page"


def test_rolling_back_goes_one_further_each_time(root: Path) -> None:
    for label in ("net/2", "net/3"):
        promote(label, "page", root)
    assert [roll_back("page", root).label for _ in range(2)] == ["net/2", "net/1"]
    with pytest.raises(VersionError, match="none has served before"):
        roll_back("page", root)
    assert in_service(root) == "net/1"
    assert [change for _, change in told(root)] == [
        "first", "promoted", "promoted", "rolled back", "rolled back",
    ]  # fmt: skip


def test_a_promotion_after_a_roll_back_leads_back_to_where_it_began(root: Path) -> None:
    promote("net/2", "page", root)
    roll_back("page", root)
    promote("net/4", "page", root)
    assert before(history(root)) == "net/1"
    assert roll_back("page", root).label == "net/1"


def test_what_does_not_exist_or_is_damaged_cannot_serve(root: Path) -> None:
    (root / "net" / "2" / HEAD).write_bytes(b"other weights")
    (root / "net" / "3" / HEAD).unlink()
    for wanted, said in (("net/9", "received"), ("net/2", "SHA-256"), ("net/3", "found none")):
        with pytest.raises(VersionError, match=said):
            promote(wanted, "page", root)
    assert in_service(root) == "net/1"
    assert not (root / HISTORY).exists()


def test_a_damaged_version_is_not_rolled_back_to(root: Path) -> None:
    promote("net/2", "page", root)
    (root / "net" / "1" / HEAD).write_bytes(b"other weights")
    with pytest.raises(VersionError, match="SHA-256"):
        roll_back("page", root)
    assert in_service(root) == "net/2"


def test_what_serves_already_is_not_promoted_again(root: Path) -> None:
    with pytest.raises(VersionError, match="serves already"):
        promote("net/1", "page", root)


def test_a_change_cut_off_before_the_history_is_told_and_can_be_undone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote("net/2", "page", root)

    def cut_off(path: Path, text: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(serving, "write_text", cut_off)
        with pytest.raises(KeyboardInterrupt):
            promote("net/3", "page", root)
    assert in_service(root) == "net/3"
    assert told(root)[-1] == ("net/3", "set by hand")
    assert history(root)[-1].since
    assert roll_back("page", root).label == "net/2"


def test_a_history_that_cannot_be_read_says_what_to_do(root: Path) -> None:
    (root / HISTORY).write_text("{}{", encoding="utf-8")
    with pytest.raises(VersionError, match="mend or delete it"):
        history(root)
    assert find_version(None, root).label == "net/1"  # answers go on


def test_nothing_in_service_has_no_history(tmp_path: Path) -> None:
    assert history(tmp_path) == []
    assert before([]) is None


def test_from_the_command_line(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving.promote, "__defaults__", (root,))
    monkeypatch.setattr(serving.roll_back, "__defaults__", (root,))
    for arguments, said in ((["promote", "net/2"], "net/2"), (["rollback"], "net/1")):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0
        assert said in result.output
        assert in_service(root) == said
    assert {entry.by for entry in history(root)[1:]} == {"command line"}
    for arguments in (["rollback"], ["promote", "net/9"], ["promote"]):
        assert CliRunner().invoke(app, arguments).exit_code == 2
