"""Jobs: one after another, each end told, whatever is killed; without TensorFlow.

The runner runs here, and starts small stand-ins for the training process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fetal_model import anatomy
from fetal_model.store.lock import is_held, try_hold
from fetal_model.store.versions import list_versions
from fetal_model.training import jobs, jobs_pace, jobs_plan, jobs_runner, jobs_worker
from fetal_model.training.jobs import Job, JobError
from fetal_model.training.jobs_plan import Changes
from fetal_model.training.progress import Moment
from fetal_model.training.recipe import Recipe, load_recipe

ROOT = Path(__file__).resolve().parents[2]
CHANGES = Changes(epochs=3, learning_rate=0.001, batch_size=8, phantoms=10)
SECONDS = 30.0
"""How long a state is waited for."""

# What the stand-ins do; each has `folder`, `order`, `tell` and `publish`.
WORKER = """
import json, os, signal, sys, time
from pathlib import Path
from fetal_model.store import versions
folder = Path(sys.argv[1])
order = json.loads((folder / "order.json").read_text())
def tell(**content):
    content = {"pid": os.getpid(), "epochs": 3, **content}
    versions.write_text(folder / "progress.json", json.dumps(content))
def publish():
    def fill(new):
        (new / "metadata.json").write_text(json.dumps({"job": order["id"], "files": {}}))
    versions.publish(order["recipe"]["name"], fill, Path(order["weights"]))
"""
LEARNING = "tell(stage='learning', epoch=2, step=1, steps=4)"
SUCCEED = f"{LEARNING}\npublish()\nprint('done')"
HANG = f"{LEARNING}\nprint('here I am', flush=True)\ntime.sleep(600)"
HALF_WRITTEN = f"""{LEARNING}
part = Path(order["weights"]) / order["recipe"]["name"] / f".1.{{os.getpid()}}.part"
part.mkdir(parents=True)
(part / "metadata.json").write_text("{{")
os.kill(os.getpid(), signal.SIGKILL)"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own, in which nobody works off the queue."""
    monkeypatch.setenv("FETAL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FETAL_SHARED", str(tmp_path / "absent"))
    monkeypatch.setattr(jobs, "wake", lambda: None)
    return tmp_path / "home"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Say what the training processes do, one after another; the last goes on for the rest."""
    started: list[subprocess.Popen[bytes]] = []

    def use(*scripts: str) -> None:
        left = list(scripts)

        def start(module: str, arguments: list[str], log: Any, keep: tuple[int, ...] = ()) -> Any:
            assert module == "fetal_model.training.jobs_worker"
            script = left.pop(0) if len(left) > 1 else left[0]
            process = subprocess.Popen(
                [sys.executable, "-c", WORKER + script, *arguments],
                stdout=log, stderr=subprocess.STDOUT, pass_fds=keep, start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
            started.append(process)
            return process

        monkeypatch.setattr(jobs_runner, "start_process", start)

    yield use
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def submit(root: Path) -> Job:
    return jobs.submit(jobs_plan.plan("seed-cnn", CHANGES), root)


def until(holds: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError("the awaited state did not come")


@pytest.fixture
def in_background() -> Iterator[Callable[[], threading.Thread]]:
    """Run the runner in a thread of its own."""
    threads: list[threading.Thread] = []

    def run() -> threading.Thread:
        threads.append(threading.Thread(target=jobs_runner.main))
        threads[-1].start()
        return threads[-1]

    yield run
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()


def statuses() -> list[str]:
    return [job.status for job in reversed(jobs.list_jobs())]


def test_one_after_another_in_the_order_they_came(root: Path, stand_in: Any) -> None:
    stand_in(SUCCEED)
    assert [submit(root).number for _ in range(3)] == [1, 2, 3]
    assert statuses() == ["queued"] * 3
    jobs_runner.main()
    assert statuses() == ["finished"] * 3
    assert [job.version for job in reversed(jobs.list_jobs())] == [
        f"seed-cnn/{n}" for n in (1, 2, 3)
    ]
    assert jobs.read_job(1).log() == "done"
    assert not is_held(jobs.runner_lock())


def test_two_never_run_at_once(root: Path, stand_in: Any, in_background: Any) -> None:
    stand_in(HANG)
    submit(root)
    submit(root)
    in_background()
    until(lambda: jobs.read_job(1).progress.get("pid"))
    jobs_runner.main()  # a second runner has nothing to do
    assert statuses() == ["running", "queued"]
    jobs.cancel(2)
    until(lambda: statuses() == ["running", "cancelled"])  # at once, not when it is its turn
    jobs.cancel(1)
    until(lambda: statuses() == ["cancelled", "cancelled"])


def test_a_failure_does_not_hold_up_the_next(root: Path, stand_in: Any) -> None:
    stand_in("tell(stage='starting', error='batch: expected 4 to 128'); sys.exit(1)", SUCCEED)
    submit(root)
    submit(root)
    jobs_runner.main()
    assert statuses() == ["failed", "finished"]
    assert jobs.read_job(1).cause == "batch: expected 4 to 128"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (f"{LEARNING}; os.kill(os.getpid(), signal.SIGKILL)", "killed in epoch 2 of 3 (signal 9)"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed while starting (signal 9)"),
        (f"{LEARNING}; os.kill(os.getpid(), signal.SIGSEGV)", "ended in epoch 2 of 3 by SIGSEGV"),
        ("sys.exit(7)", "with code 7; the log has the rest"),
        ("pass", "with code 0; the log has the rest"),  # without a version it did not succeed
    ],
)
def test_a_crash_is_told_with_its_cause(script: str, said: str, root: Path, stand_in: Any) -> None:
    stand_in(script)
    submit(root)
    jobs_runner.main()
    assert jobs.read_job(1).status == "failed"
    assert said in jobs.read_job(1).cause


def test_a_version_half_written_when_killed_is_removed(root: Path, stand_in: Any) -> None:
    stand_in(HALF_WRITTEN)
    submit(root)
    jobs_runner.main()
    assert "signal 9" in jobs.read_job(1).cause
    assert list_versions(root) == []
    assert list(root.rglob("*")) == []


def test_killed_between_the_version_and_the_last_word_it_has_finished(
    root: Path, stand_in: Any
) -> None:
    stand_in(f"{LEARNING}; publish(); os.kill(os.getpid(), signal.SIGKILL)")
    submit(root)
    jobs_runner.main()
    assert (jobs.read_job(1).status, jobs.read_job(1).version) == ("finished", "seed-cnn/1")


def test_restarted_it_keeps_its_history_and_forgets_its_error(root: Path, stand_in: Any) -> None:
    history = [{"epoch": 1, "seconds": 2.0, "loss": 1.0}]
    stand_in(
        f"tell(stage='learning', epoch=2, error='memory ran out', history={history}); sys.exit(1)",
        "print(json.loads((folder / 'progress.json').read_text())); sys.exit(3)",
        SUCCEED,
    )
    submit(root)
    jobs_runner.main()
    assert jobs.read_job(1).cause == "memory ran out"
    jobs.restart(1)
    assert statuses() == ["queued"]
    jobs_runner.main()
    assert str({"history": history, "stage": "starting"}) in jobs.read_job(1).log()
    assert "code 3" in jobs.read_job(1).cause
    jobs.restart(1)
    jobs_runner.main()
    assert statuses() == ["finished"]


def test_cancelled_while_it_waits_it_never_starts(root: Path, stand_in: Any) -> None:
    stand_in("sys.exit('it started')")
    submit(root)
    jobs.cancel(1)
    assert jobs.read_job(1).cancelling
    jobs_runner.main()
    assert statuses() == ["cancelled"]
    assert jobs.read_job(1).log() == ""
    stand_in(SUCCEED)
    jobs.restart(1)
    jobs_runner.main()
    assert statuses() == ["finished"]


def test_cancelled_while_it_runs_it_is_gone(root: Path, stand_in: Any, in_background: Any) -> None:
    stand_in(HANG)
    submit(root)
    in_background()
    pid = until(lambda: jobs.read_job(1).progress.get("pid"))
    jobs.cancel(1)
    until(lambda: statuses() == ["cancelled"])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("status", ["finished", "failed", "cancelled", "queued", "running"])
def test_only_what_can_be_cancelled_or_restarted_is(
    status: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = submit(root).folder
    jobs.write_state(folder, status)
    lock = try_hold(folder / jobs.LOCK)
    refused = {"finished": {"cancel", "restart"}, "failed": {"cancel"}, "cancelled": {"cancel"}}
    for name, action in (("cancel", jobs.cancel), ("restart", jobs.restart)):
        if name in refused.get(status, {"restart"}):
            with pytest.raises(JobError, match=f"{name}: expected .* training 1 is {status}"):
                action(1)
    assert jobs.read_job(1).status == status
    assert lock is not None
    os.close(lock)
    with pytest.raises(JobError, match="training 9: expected"):
        jobs.cancel(9)


def test_a_dead_process_is_told_even_if_its_number_lives_on(root: Path) -> None:
    folder = submit(root).folder
    jobs.write_state(folder, "running")
    # the number now belongs to another process, here this one
    progress = {"pid": os.getpid(), "stage": "learning", "epoch": 2, "epochs": 3, "step": 1}
    (folder / jobs.PROGRESS).write_text(json.dumps(progress), encoding="utf-8")
    job = jobs.read_job(1)
    assert job.status == "failed"
    assert "ended without a word in epoch 2 of 3" in job.cause


def test_a_runner_buries_the_dead_and_goes_on(root: Path, stand_in: Any) -> None:
    jobs.write_state(submit(root).folder, "running")
    submit(root)
    stand_in(SUCCEED)
    jobs_runner.main()
    assert statuses() == ["failed", "finished"]
    assert json.loads((jobs.read_job(1).folder / jobs.STATE).read_text())["status"] == "failed"


def orphan(job: Job, script: str) -> subprocess.Popen[bytes]:
    """A training process whose runner was killed: it holds the job's lock, and nobody waits."""
    lock = try_hold(job.folder / jobs.LOCK)
    assert lock is not None
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER + script, str(job.folder)],
        pass_fds=(lock,), env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    os.close(lock)
    jobs.write_state(job.folder, "running")
    return process


@pytest.mark.parametrize("ending", ["success", "cancel", "kill"])
def test_a_job_whose_runner_was_killed_goes_on_under_the_next(
    ending: str, root: Path, stand_in: Any, in_background: Any
) -> None:
    job, waiting = submit(root), submit(root)
    go = job.folder / "go"
    process = orphan(
        job, f"{LEARNING}\nwhile not (folder / 'go').exists(): time.sleep(0.02)\npublish()"
    )
    assert jobs.read_job(1).status == "running"
    stand_in(SUCCEED)
    in_background()
    until(lambda: jobs.read_job(1).progress.get("pid"))
    assert statuses() == ["running", "queued"]  # it is waited for
    if ending == "success":
        go.touch()
    elif ending == "cancel":
        jobs.cancel(1)
    else:
        process.kill()
    process.wait(SECONDS)
    until(lambda: jobs.read_job(waiting.number).status == "finished")
    expected = {"success": "finished", "cancel": "cancelled", "kill": "failed"}[ending]
    assert jobs.read_job(1).status == expected
    assert ("without a word" in jobs.read_job(1).cause) is (ending == "kill")


def test_only_the_holder_of_the_lock_is_killed(root: Path) -> None:
    job = submit(root)
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        (job.folder / jobs.PROGRESS).write_text(json.dumps({"pid": bystander.pid}))
        jobs_runner._kill_holder(job.folder)  # the lock is free: the number is another's
        with pytest.raises(subprocess.TimeoutExpired):
            bystander.wait(0.3)
    finally:
        bystander.kill()
        bystander.wait()


def test_what_is_queued_as_the_runner_ends_is_not_forgotten(
    root: Path, stand_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(SUCCEED)
    submit(root)
    close, late = os.close, []

    def close_then_submit(descriptor: int) -> None:
        close(descriptor)
        if statuses() == ["finished"] and not late:
            late.append(submit(root))

    ours = {**vars(os), "close": close_then_submit}
    monkeypatch.setattr(jobs_runner, "os", SimpleNamespace(**ours))
    jobs_runner.main()
    assert statuses() == ["finished", "finished"]


def test_the_runner_is_woken_only_for_work(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("FETAL_HOME", str(root.parent / "other"))
    started: list[str] = []
    monkeypatch.setattr(jobs, "start_process", lambda module, *_: started.append(module))
    jobs.wake()
    assert started == []
    job = submit(root)
    assert started == ["fetal_model.training.jobs_runner"]
    lock = try_hold(jobs.runner_lock())
    jobs.wake()
    assert len(started) == 1
    assert lock is not None
    os.close(lock)
    jobs.wake()
    assert len(started) == 2
    jobs.write_state(job.folder, "finished")
    jobs.wake()
    assert len(started) == 2


def test_two_that_submit_at_once_get_two_numbers(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(root)
    monkeypatch.setattr(jobs, "list_jobs", list)  # neither sees the other
    assert submit(root).number == 2
    assert submit(root).number == 3


# Plans


@pytest.mark.parametrize(
    ("field", "bounds"),
    [
        ("epochs", jobs_plan.EPOCHS),
        ("batch_size", jobs_plan.BATCH_SIZE),
        ("learning_rate", jobs_plan.LEARNING_RATE),
        ("phantoms", jobs_plan.PHANTOMS),
    ],
)
def test_values_out_of_bounds_are_refused(field: str, bounds: tuple[float, float]) -> None:
    for value in bounds:
        jobs_plan.plan("seed-cnn", Changes(**{**vars(CHANGES), field: value}))
    for value in (bounds[0] * 0.5, bounds[1] * 2, -1, float("nan")):
        with pytest.raises(ValueError, match=r"expected .* to .*, received"):
            jobs_plan.plan("seed-cnn", Changes(**{**vars(CHANGES), field: value}))


@pytest.mark.parametrize("name", ["absent", "../seed-cnn", "/etc/passwd", "x.toml", ""])
def test_only_recipes_of_the_package_are_trained(name: str) -> None:
    with pytest.raises(ValueError, match=r"expected one of .*seed-cnn"):
        jobs_plan.plan(name, CHANGES)


def test_a_plan_is_the_recipe_with_the_changes() -> None:
    recipe = jobs_plan.plan("seed-cnn", CHANGES)
    assert (recipe.training.epochs, recipe.training.batch_size) == (3, 8)
    assert set(recipe.data.phantoms.values()) == {10}
    own = jobs_plan.plan("seed-cnn", Changes(3, 0.001, 8))
    assert own.data.phantoms["brain"] == 556
    assert own.name == "seed-cnn"


def test_a_folder_takes_the_place_of_the_phantoms(tmp_path: Path) -> None:
    for key in anatomy.KEYS:
        (tmp_path / key).mkdir()
        for number in range(10):
            (tmp_path / key / f"{number}.png").touch()
    recipe = jobs_plan.plan("seed-cnn", Changes(3, 0.001, 8, None, str(tmp_path)))
    assert (recipe.data.folder, recipe.data.phantoms) == (str(tmp_path), {})
    assert jobs_plan.missing(recipe) == ""
    assert jobs_pace.scans_to_learn(recipe.data) == 32
    (tmp_path / "femur" / "0.png").unlink()
    assert "found femur 9" in jobs_plan.missing(recipe)
    gone = jobs_plan.plan("seed-cnn", Changes(3, 0.001, 8, None, str(tmp_path / "gone")))
    assert "expected a folder" in jobs_plan.missing(gone)


def test_what_a_recipe_lacks_is_said(tmp_path: Path) -> None:
    assert jobs_plan.missing(jobs_plan.plan("seed-cnn", CHANGES)) == ""
    said = jobs_plan.missing(jobs_plan.plan("sononet16", CHANGES))
    assert "real_scans/manifest.csv" in said
    assert "SonoNet16.npz" in said
    assert "FETAL_SHARED" in said


# Time


def small_recipe() -> Recipe:
    return jobs_plan.plan("seed-cnn", CHANGES)


def test_an_estimate_rests_on_what_was_measured(home: Path) -> None:
    home.mkdir()
    recipe = small_recipe()
    assert jobs_pace.estimate(recipe) is None
    jobs_pace.note(recipe, [9.0, 2.0, 4.0], 30, {"scans": 40, "seconds": 8.0}, rest=11.0)
    found = jobs_pace.estimate(recipe)
    assert found
    # 3 epochs of 32 scans at 3 s for 30, 40 scans to simulate at 0.2 s, 11 s, and 9 - 3 s once
    assert found.seconds == pytest.approx(3 * 32 * 3 / 30 + 40 * 0.2 + 11 + 6)
    for part in ("3 epochs of 32 scans at 100 ms", "40 scans to simulate", "3 epochs of 30 scans"):
        assert part in found.basis
    longer = jobs_pace.estimate(jobs_plan.plan("seed-cnn", Changes(6, 0.001, 8, 10)))
    assert longer
    assert longer.seconds == pytest.approx(found.seconds + 3 * 32 * 0.1)
    # another network has another pace
    assert jobs_pace.estimate(jobs_plan.plan("seed-cnn-dropout", CHANGES)) is None


def test_nothing_is_concluded_from_a_restart_that_only_tested(home: Path) -> None:
    jobs_pace.note(small_recipe(), [], 30, {}, rest=11.0)
    assert jobs_pace.estimate(small_recipe()) is None


def test_time_left_follows_the_epochs() -> None:
    progress: dict[str, Any] = {
        "stage": "learning",
        "epochs": 10,
        "epoch": 1,
        "step": 2,
        "steps": 4,
    }
    assert jobs_pace.seconds_left(progress) is None
    history = [{"seconds": 30.0}, {"seconds": 8.0}, {"seconds": 10.0}, {"seconds": 12.0}]
    progress |= {"history": history, "epoch": 5, "step": 2}
    assert jobs_pace.share_done(progress) == pytest.approx(0.45)
    assert jobs_pace.seconds_left(progress) == pytest.approx(5.5 * 10)


def test_a_measurement_keeps_the_network_and_the_steps() -> None:
    recipe = jobs_pace.small(jobs_plan.plan("seed-cnn", Changes(200, 0.001, 64)))
    assert recipe.training.batch_size == 64
    assert recipe.training.epochs < 5
    assert 64 <= 0.8 * sum(recipe.data.phantoms.values()) < 200
    assert jobs_pace._kind(recipe) == jobs_pace._kind(jobs_plan.plan("seed-cnn", CHANGES))


@pytest.mark.parametrize("name", jobs_plan.recipe_names())
def test_every_recipe_can_be_measured(name: str) -> None:
    recipe = load_recipe(name)
    small = jobs_pace.small(recipe)
    assert sum(small.data.phantoms.values()) <= sum(recipe.data.phantoms.values())
    assert jobs_pace._kind(small) == jobs_pace._kind(recipe)


# Progress


def moment(epoch: int, step: int, whole: bool = False, **values: float) -> Moment:
    return Moment(epoch, step, 4, whole, {"learning_rate": 0.001, **values})


def learn(report: jobs_worker.Report, epoch: int, loss: float) -> None:
    report.learned(moment(epoch, 0))
    for step in range(1, 5):
        report.learned(moment(epoch, step, loss=loss, accuracy=0.5))
    report.learned(moment(epoch, 4, whole=True, loss=loss, accuracy=0.5, val_loss=loss + 1))


def test_progress_has_a_point_for_each_epoch_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    report = jobs_worker.Report(tmp_path, epochs=3)
    learn(report, 1, 1.0)
    learn(report, 2, 0.5)
    report.learned(moment(3, 0))
    report.learned(moment(3, 2, loss=0.4, accuracy=0.5))
    report.write()
    # killed in the third epoch, and resumed after the second
    again = jobs_worker.Report(tmp_path, epochs=3)
    assert [e["loss"] for e in jobs.read_json(tmp_path / jobs.PROGRESS)["history"]] == [1.0, 0.5]
    learn(again, 3, 0.25)
    content = jobs.read_json(tmp_path / jobs.PROGRESS)
    assert [entry["loss"] for entry in content["history"]] == [1.0, 0.5, 0.25]
    assert [entry["epoch"] for entry in content["history"]] == [1, 2, 3]
    assert [point for point in content["trace"] if point[0] == int(point[0])][-1][:2] == [3, 0.25]
    assert content["trace"] == sorted(content["trace"])
    assert content["stage"] == "testing"
    assert len(again.epochs) == 1


def test_progress_is_written_seldom_and_never_grows_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[str] = []
    write = jobs_worker.write_text
    monkeypatch.setattr(
        jobs_worker, "write_text", lambda path, text: (writes.append(text), write(path, text))
    )
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(jobs_worker.time, "time", lambda: clock.now)
    report = jobs_worker.Report(tmp_path, epochs=1)
    report.learned(moment(1, 0))
    before = len(writes)
    for number in range(100):
        report.learned(moment(1, number % 4, loss=1.0, accuracy=0.5))
    assert len(writes) == before
    for number in range(2000):
        clock.now += 1
        report.learned(moment(1, number % 4, loss=1.0, accuracy=0.5))
    assert len(writes) == before + 2000
    assert 100 < len(report.content["trace"]) <= 400


def test_whatever_is_read_of_the_progress_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_worker, "_THROTTLE", 0.0)
    told = []
    write = jobs_worker.write_text

    def watch(path: Path, text: str) -> None:
        write(path, text)
        told.append(jobs.where(tmp_path))
        jobs_pace.seconds_left(jobs.read_json(path))
        jobs_pace.share_done(jobs.read_json(path))

    monkeypatch.setattr(jobs_worker, "write_text", watch)
    report = jobs_worker.Report(tmp_path, epochs=1)
    report.simulated(1, 2)
    report.simulated(2, 2)
    learn(report, 1, 0.5)
    assert list(dict.fromkeys(told)) == [
        " while starting", " while simulating scans", " in epoch 1 of 1", " while testing",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("real scans: expected a manifest.csv"), "real scans: expected a manifest.csv"),
        (MemoryError(), "A smaller batch needs less"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (RuntimeError("first line\nsecond line"), "first line (RuntimeError). The log has"),
        (RuntimeError(), "no message (RuntimeError)"),
    ],
)
def test_an_error_is_told_in_a_sentence(error: Exception, said: str, tmp_path: Path) -> None:
    report = jobs_worker.Report(tmp_path, epochs=1)
    report.fail(error)
    told = jobs.read_json(tmp_path / jobs.PROGRESS)["error"]
    assert said in told
    assert "\n" not in told


def test_signal_names_are_known() -> None:
    assert jobs_runner._cause(Path("/absent"), -signal.SIGTERM, "").endswith("by SIGTERM.")


def test_neither_the_page_nor_the_runner_loads_tensorflow() -> None:
    code = (
        "import sys, fetal_model.administration, fetal_model.training.jobs_runner, "
        "fetal_model.training.jobs_worker, pages.parts.admin_service, pages.parts.admin_start, "
        "pages.parts.admin_trainings; "
        "print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
