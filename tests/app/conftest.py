"""What the page tests share: a weights folder of their own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager

from fetal_model.predictor import Predictor
from fetal_model.store import versions


@pytest.fixture(scope="session", autouse=True)
def _installed_packages_are_read_once() -> Iterator[None]:
    """For every AppTest Streamlit reads what all installed packages say of themselves: a second."""
    with pytest.MonkeyPatch.context() as patch:
        look = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", look)
        yield


@pytest.fixture
def after_the_first_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest takes every run for the server's first, in which files in `pages/` have addresses."""
    build = PagesManager.__init__

    def init(self: PagesManager, *arguments: object, **options: object) -> None:
        build(self, *arguments, **options)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", init)


@pytest.fixture
def use_weights(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Let the pages find their versions in another folder than the one of the environment."""

    def use(root: Path) -> None:
        monkeypatch.setattr(versions.list_versions, "__defaults__", (root,))
        monkeypatch.setattr(versions.find_version, "__defaults__", (None, root))
        monkeypatch.setattr(versions.serving, "__defaults__", (root,))
        monkeypatch.setattr(Predictor.load.__func__, "__defaults__", (None, root))

    return use
