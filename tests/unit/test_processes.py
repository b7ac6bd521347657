"""Which of several processes this one is."""

from __future__ import annotations

import json

import pytest

from fetal_model.training.processes import CONFIG, Place, free_addresses, place


def test_alone_without_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CONFIG, raising=False)
    assert place() == Place(0, 1)
    assert place().is_first


def test_the_second_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = {"worker": ["a:1", "b:1", "c:1"]}
    config = {"cluster": cluster, "task": {"type": "worker", "index": 1}}
    monkeypatch.setenv(CONFIG, json.dumps(config))
    assert place() == Place(1, 3)
    assert not place().is_first


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"cluster": {"worker": ["a:1"]}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}',
        '{"cluster": {"chief": ["a"], "worker": ["b"]}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": "a:1"}, "task": {"type": "worker", "index": 0}}',
    ],
)
def test_another_form_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFIG, text)
    with pytest.raises(ValueError, match=r"TF_CONFIG: expected .*\"worker\": .*, found"):
        place()


def test_addresses_are_free_and_different() -> None:
    found = free_addresses(3)
    assert len(set(found)) == 3
    assert all(address.startswith("127.0.0.1:") for address in found)
