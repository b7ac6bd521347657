"""The admin page as a script: closed without the password, and every action asks for it again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from argon2 import PasswordHasher
from streamlit.testing.v1 import AppTest

from fetal_model import wording_training
from fetal_model.anatomy import KEYS
from fetal_model.evaluation.predictions import Prediction, read_predictions, write_predictions
from fetal_model.store import admin, serving, versions
from fetal_model.store.lock import try_hold
from fetal_model.store.versions import METADATA, PREDICTIONS, publish, set_serving
from fetal_model.training import jobs, jobs_pace, jobs_plan
from fetal_model.training.jobs_plan import Changes

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"
DISCLAIMER = "Research and teaching only, not a medical device."

pytestmark = pytest.mark.usefixtures("after_the_first_visit")


def add_version(root: Path, name: str, right: int, scans: int = 8) -> None:
    """A version that got `right` of its scans of each anatomy right."""

    def fill(folder: Path) -> None:
        data = {"phantoms": dict.fromkeys(KEYS, 10), "phantom_seed": 1}
        metadata = {
            "name": name, "files": {}, "simulated": True, "recipe": {"data": data},
            "training_data": "Learned from 32 simulated scans.",
        }  # fmt: skip
        (folder / METADATA).write_text(json.dumps(metadata), encoding="utf-8")
        rows = []
        for position, key in enumerate(KEYS):
            for index in range(scans):
                answer = position if index < right else (position + 1) % len(KEYS)
                shares = tuple(float(i == answer) for i in range(len(KEYS)))
                rows.append(
                    Prediction(
                        f"images/{key}-{index}.png",
                        key,
                        f"P{index}",
                        "phantom",
                        "test",
                        "0",
                        shares,
                        1.0,
                        "accepted",
                        True,
                    )
                )
        write_predictions(folder / PREDICTIONS, rows)

    publish(name, fill, root)


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own, in which nobody works off the queue; hashing is made cheap."""
    monkeypatch.setenv("FETAL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FETAL_SHARED", str(tmp_path / "absent"))
    monkeypatch.setattr(admin, "_HASHER", PasswordHasher(1, 8, 1))
    monkeypatch.setattr(jobs, "wake", lambda: None)
    return tmp_path


@pytest.fixture(autouse=True)
def root(
    installation: Path, use_weights: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """`old/1` in service, which gets 6 of 8 right, and `new/1`, which gets 7."""
    folder = installation / "weights"
    add_version(folder, "old", right=6)
    add_version(folder, "new", right=7)
    set_serving("old/1", folder)
    use_weights(folder)
    monkeypatch.setattr(versions, "WEIGHTS", folder)
    monkeypatch.setattr(serving.history, "__defaults__", (folder,))
    return folder


@pytest.fixture(autouse=True)
def _no_caches() -> Iterator[None]:
    st.cache_data.clear()
    yield
    st.cache_data.clear()


def open_page() -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    page.switch_page("pages/admin.py").run()
    assert not page.exception
    return page


@pytest.fixture
def page() -> AppTest:
    """The page, signed in."""
    admin.set_password(PASSWORD)
    opened = open_page()
    sign_in(opened, PASSWORD)
    return opened


def sign_in(page: AppTest, password: str) -> None:
    page.text_input[0].set_value(password)
    press(page, "Sign in")


def press(page: AppTest, label: str) -> None:
    (button,) = (button for button in page.button if button.label == label)
    button.click().run()
    assert not page.exception


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def texts(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.info, page.error, page.success, page.warning)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def run_job(stage: str = "learning", **progress: Any) -> tuple[jobs.Job, int]:
    """A job at work, as far as its files and its lock tell; returns the lock as well."""
    job = jobs.submit(jobs_plan.plan("seed-cnn", Changes(3, 0.001, 8, 10)), versions.WEIGHTS)
    jobs.write_state(job.folder, "running")
    content = {"stage": stage, "epochs": 3, **progress}
    (job.folder / jobs.PROGRESS).write_text(json.dumps(content), encoding="utf-8")
    lock = try_hold(job.folder / jobs.LOCK)
    assert lock is not None
    return job, lock


HISTORY = [
    {"epoch": n, "seconds": 60.0, "loss": 1.0 / n, "val_loss": 1.2 / n, "accuracy": 0.25 * n,
     "val_accuracy": 0.2 * n, "learning_rate": 0.001}
    for n in (1, 2)
]  # fmt: skip
TRACE = [[0.5, 1.3, 0.2, 0.001], [1.0, 1.0, 0.25, 0.001], [2.0, 0.5, 0.5, 0.001]]


def test_without_a_password_the_page_says_how_to_set_it_and_does_nothing() -> None:
    page = open_page()
    assert "no administrator's password is set" in texts(page)
    assert page.get("code")[0].value == ".venv/bin/python -m fetal_model admin set-password"
    assert "not authentication" in texts(page)
    assert DISCLAIMER in texts(page)
    assert labels(page) == []
    assert len(page.text_input) == 0


def test_signed_out_there_is_nothing_but_the_password() -> None:
    admin.set_password(PASSWORD)
    page = open_page()
    assert labels(page) == ["Sign in"]
    assert len(page.selectbox) == len(page.number_input) == len(page.table) == 0
    assert "old/1" not in texts(page)
    assert "not authentication" in texts(page)
    assert DISCLAIMER in texts(page)
    sign_in(page, "a wrong password")
    assert labels(page) == ["Sign in"]
    assert "That is not the administrator's password." in texts(page)
    sign_in(page, PASSWORD)
    assert "Start training" in labels(page)
    assert "In service: **old/1**" in texts(page)


def test_too_many_wrong_tries_have_to_wait() -> None:
    admin.set_password(PASSWORD)
    page = open_page()
    for _ in range(admin.FREE_FAILURES):
        sign_in(page, "a wrong password")
    sign_in(page, PASSWORD)
    assert "Too many wrong tries" in texts(page)
    assert labels(page) == ["Sign in"]


def test_signing_out_closes_the_page(page: AppTest) -> None:
    press(page, "Sign out")
    assert labels(page) == ["Sign in"]
    page.run()
    assert labels(page) == ["Sign in"]


def test_another_session_is_not_signed_in(page: AppTest) -> None:
    assert labels(open_page()) == ["Sign in"]


ACTIONS = [
    "Start training",
    "Promote new/1",
    "Roll back to old/1",
    "Restart",
    "Cancel this training",
    "Take out of the line",
]


@pytest.fixture
def everything(page: AppTest, root: Path) -> Iterator[AppTest]:
    """A page on which every action is offered at once, but promotion back to where it was."""
    add_version(root, "newest", right=8)
    serving.promote("newest", "test", root)
    os.utime(root / "new" / "1", (2**31, 2**31))  # the newest that can be promoted
    failed = jobs.submit(jobs_plan.plan("seed-cnn", Changes(3, 0.001, 8, 10)), root)
    jobs.write_state(failed.folder, "failed", "memory ran out")
    _, lock = run_job(epoch=1, step=0, steps=4)
    jobs.submit(jobs_plan.plan("seed-cnn", Changes(3, 0.001, 8, 10)), root)
    page.run()
    yield page
    os.close(lock)


def state(root: Path) -> dict[str, str]:
    """Everything that an action could change, but for the administrator's own files."""
    files = [*root.rglob("*"), *jobs.jobs_folder().rglob("*")]
    return {str(f): f.read_text(errors="replace") for f in files if f.is_file()}


def test_every_action_is_on_the_page(everything: AppTest) -> None:
    assert set(ACTIONS) <= set(labels(everything)), labels(everything)


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_after_the_proof_has_ended_does_nothing(
    action: str, everything: AppTest, root: Path
) -> None:
    before = state(root)
    admin.set_password("another long password")  # every proof ends
    press(everything, action)
    assert state(root) == before
    assert labels(everything) == ["Sign in"]
    assert "Sign in again" in texts(everything)


def test_a_measurement_after_the_proof_has_ended_does_not_begin(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_pace, "measure", lambda _: pytest.fail("it was measured"))
    admin.set_password("another long password")
    press(page, "Measure now")
    assert labels(page) == ["Sign in"]


def test_start_queues_what_was_chosen_and_a_second_waits_behind(page: AppTest) -> None:
    inputs = {element.label: element for element in page.number_input}
    assert (inputs["Epochs"].min, inputs["Epochs"].max) == jobs_plan.EPOCHS
    assert (inputs["Scans in a batch"].min, inputs["Scans in a batch"].max) == jobs_plan.BATCH_SIZE
    assert (inputs["Learning rate"].min, inputs["Learning rate"].max) == jobs_plan.LEARNING_RATE
    inputs["Epochs"].set_value(3)
    inputs["Scans in a batch"].set_value(16)
    inputs["Learning rate"].set_value(0.01)
    page.radio[0].set_value("Another number of simulated scans").run()
    (phantoms,) = (e for e in page.number_input if e.label.startswith("Simulated scans"))
    assert (phantoms.min, phantoms.max) == jobs_plan.PHANTOMS
    phantoms.set_value(12).run()
    assert "(n = 48;" in texts(page)
    press(page, "Start training")
    press(page, "Start training")
    first = jobs.read_job(1).recipe
    assert first.name == "seed-cnn"
    training = first.training
    assert (training.epochs, training.batch_size, training.learning_rate) == (3, 16, 0.01)
    assert set(first.data.phantoms.values()) == {12}
    assert "next in line" in texts(page)
    assert "number 2 in line" in texts(page)
    assert "3 epochs, batches of 16, learning rate 0.01" in texts(page)


def test_a_folder_of_scans_is_learned_from_in_place_of_phantoms(
    page: AppTest, tmp_path: Path
) -> None:
    page.radio[0].set_value("A folder of scans").run()
    assert "Start training" not in labels(page)
    assert "Name the folder" in texts(page)
    (field,) = (element for element in page.text_input if element.label == "Data folder")
    field.set_value(str(tmp_path / "nowhere")).run()
    assert "expected a folder, found none" in page.warning[0].value
    (start,) = (button for button in page.button if button.label == "Start training")
    assert start.disabled
    for key in KEYS:
        (tmp_path / "scans" / key).mkdir(parents=True)
        for number in range(10):
            (tmp_path / "scans" / key / f"{number}.png").touch()
    field.set_value(str(tmp_path / "scans")).run()
    (tmp_path / "scans" / "cervix").mkdir()
    (tmp_path / "scans" / "cervix" / "1.png").touch()
    page.run()
    assert "brain 10, abdomen 10" in texts(page)
    assert "(n = 40;" in texts(page)
    assert "1 of other planes to test on" in texts(page)
    press(page, "Start training")
    data = jobs.read_job(1).recipe.data
    assert (data.folder, data.phantoms) == (str(tmp_path / "scans"), {})


def test_the_recipes_own_values_stand_there_first(page: AppTest) -> None:
    assert page.selectbox[0].options == jobs_plan.recipe_names()
    page.selectbox[0].select("seed-cnn-dropout").run()
    values = {element.label: element.value for element in page.number_input}
    assert values["Epochs"] == 50
    assert "brain 556" in texts(page)
    press(page, "Start training")
    assert jobs.read_job(1).recipe.name == "seed-cnn-dropout"
    assert jobs.read_job(1).recipe.data.phantoms["brain"] == 556


def test_a_recipe_that_lacks_its_data_says_so_and_cannot_start(page: AppTest) -> None:
    page.selectbox[0].select("sononet16").run()
    assert "Set FETAL_SHARED" in texts(page)
    (start,) = (button for button in page.button if button.label == "Start training")
    assert start.disabled


def test_a_running_training_shows_its_curves_and_can_be_cancelled(page: AppTest) -> None:
    job, lock = run_job(history=HISTORY, trace=TRACE, epoch=3, step=2, steps=4)
    (job.folder / jobs.LOG).write_text("Epoch 2/3 and so on", encoding="utf-8")
    page.run()
    assert "Training 1 · seed-cnn" in texts(page)
    progress = page.get("progress")[0].proto
    assert progress.value == 83
    assert progress.text == wording_training.stage(jobs.read_job(1))
    assert "epoch 3 of 3, step 2 of 4, about 30 s left" in progress.text
    charts = page.get("plotly_chart")
    assert len(charts) == 3
    loss = json.loads(charts[0].proto.spec)["data"]
    assert [len(curve["x"]) for curve in loss] == [3, 2]
    assert "Epoch 2/3 and so on" in [code.value for code in page.get("code")]
    press(page, "Cancel this training")
    assert (job.folder / jobs.CANCEL).exists()
    assert page.get("progress")[0].proto.text == "Being cancelled"
    os.close(lock)


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("starting", "Starting: loading TensorFlow"),
        ("simulating scans", "Simulating scans, 7 of 40"),
        ("testing", "Testing on held-out scans"),
    ],
)
def test_every_stage_has_its_words(stage: str, said: str, page: AppTest) -> None:
    _, lock = run_job(stage, done=7, total=40)
    page.run()
    assert not page.exception
    assert said in page.get("progress")[0].proto.text
    os.close(lock)


def test_a_killed_training_is_told_with_its_cause_and_restarted(page: AppTest) -> None:
    _, lock = run_job(history=HISTORY, trace=TRACE, epoch=3, step=2, steps=4)
    page.run()
    os.close(lock)  # what the kernel does when the process is killed
    page.run()
    assert "ended without a word in epoch 3 of 3" in page.error[0].value
    assert "A restart goes on after epoch 2" in page.error[0].value
    press(page, "Restart")
    assert jobs.read_job(1).status == "queued"
    assert "next in line" in texts(page)


def test_a_new_version_is_compared_promoted_and_taken_back(page: AppTest, root: Path) -> None:
    table = page.table[0].value
    assert list(table.columns) == ["Figure", "old/1 (in service)", "new/1"]
    first = table.iloc[0]
    assert first["old/1 (in service)"].startswith("24/32 = 0.750 (")
    assert first["new/1"].startswith("28/32 = 0.875 (")
    assert "**Simulated scans**" in texts(page)
    assert "Both were judged on the same scans" in texts(page)
    assert "32 simulated scans" in texts(page)
    press(page, "Promote new/1")
    assert versions.serving(root) == "new/1"
    assert "In service: **new/1**" in texts(page)
    assert "new/1 is in service." in texts(page)
    press(page, "Roll back to old/1")
    assert versions.serving(root) == "old/1"
    history = page.table[-1].value
    assert list(history["Version"]) == ["old/1", "new/1", "old/1"]
    assert list(history["How"]) == ["rolled back to", "promoted", "was the first"]


def test_a_version_that_cannot_be_compared_can_still_be_judged_by_name(
    page: AppTest, root: Path
) -> None:
    (root / "new" / "1" / PREDICTIONS).unlink()
    st.cache_data.clear()
    page.run()
    assert "it cannot be compared" in page.warning[0].value
    assert "Promote new/1" in labels(page)


def test_versions_judged_on_other_phantoms_are_not_passed_off_as_comparable(
    page: AppTest, root: Path
) -> None:
    path = root / "new" / "1" / METADATA
    metadata = json.loads(path.read_text(encoding="utf-8"))
    metadata["recipe"]["data"]["phantom_seed"] = 2
    path.write_text(json.dumps(metadata), encoding="utf-8")
    st.cache_data.clear()
    page.run()
    assert "Judged on different scans" in texts(page)


def test_two_folders_of_one_name_are_not_passed_off_as_one(page: AppTest, root: Path) -> None:
    for version, fingerprint in (("old", "a"), ("new", "b")):
        path = root / version / "1"
        rows = [
            replace(r, source="scans", simulated=False)
            for r in read_predictions(path / PREDICTIONS)
        ]
        write_predictions(path / PREDICTIONS, rows)
        metadata = json.loads((path / METADATA).read_text(encoding="utf-8"))
        metadata["recipe"]["data"] = {"folder": "scans"}
        metadata["data_fingerprint"] = fingerprint
        (path / METADATA).write_text(json.dumps(metadata), encoding="utf-8")
    st.cache_data.clear()
    page.run()
    assert "Judged on different scans" in texts(page)


def test_an_error_of_an_action_is_said(page: AppTest, root: Path) -> None:
    (root / "new" / "1" / METADATA).unlink()
    press(page, "Promote new/1")
    assert "expected one of old/1" in texts(page)
    assert versions.serving(root) == "old/1"


def test_the_estimate_says_what_it_rests_on(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "was never measured" in texts(page)
    measured: list[Any] = []
    monkeypatch.setattr(jobs_pace, "measure", measured.append)
    press(page, "Measure now")
    assert [recipe.name for recipe in measured] == ["seed-cnn"]
    recipe = jobs_plan.plan("seed-cnn", Changes(3, 0.001, 8, 10))
    jobs_pace.note(recipe, [12.0, 10.0], 100, {}, rest=20.0)
    page.run()
    assert "Takes about **" in texts(page)
    assert "measured on this machine: 2 epochs of 100 scans in steps of 8" in texts(page)
    assert "Measure now" not in labels(page)


def test_a_measurement_under_way_is_shown_and_a_failed_one_told(
    page: AppTest, installation: Path
) -> None:
    lock = try_hold(installation / "home" / "measure.lock")
    assert lock is not None, "nothing else measures"
    page.run()
    assert "Measuring a few steps" in page.get("progress")[0].proto.text
    os.close(lock)
    (installation / "home" / "measure.log").write_text("Traceback\nMemoryError: no memory\n")
    page.run()
    assert "MemoryError: no memory" in page.error[0].value


def test_nothing_is_measured_while_a_training_runs(page: AppTest) -> None:
    _, lock = run_job(epoch=1, step=0, steps=4)
    page.run()
    (button,) = (button for button in page.button if button.label == "Measure now")
    assert button.disabled
    os.close(lock)


def test_without_a_version_in_service_trainings_can_still_be_started(
    page: AppTest, root: Path
) -> None:
    (root / "serving.json").unlink()
    page.run()
    assert not page.exception
    assert "No version is in service" in page.error[0].value
    assert "Start training" in labels(page)


def test_earlier_trainings_fold_away(page: AppTest, root: Path) -> None:
    for _ in range(5):
        job = jobs.submit(jobs_plan.plan("seed-cnn", Changes(3, 0.001, 8, 10)), root)
        jobs.write_state(job.folder, "finished", version="new/1")
    page.run()
    assert not page.exception
    assert "Earlier trainings (2)" in [expander.label for expander in page.expander]
    assert texts(page).count("made new/1") == 5
