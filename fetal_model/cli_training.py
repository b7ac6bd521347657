"""The commands that train: `train` one recipe into a version, `sweep` many for their figures."""

from __future__ import annotations

import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fetal_model.store.serving import COMMAND_LINE

if TYPE_CHECKING:
    from fetal_model.training.recipe import Recipe


class Engine(StrEnum):
    """What does the runs of a sweep."""

    local = "local"
    ray = "ray"


Data = Annotated[
    Path | None,
    typer.Option(help="Folder of labelled scans to learn from, in place of phantoms."),
]
Size = Annotated[int | None, typer.Option(min=40, help="Scans taken, in place of all.")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")]
Work = Annotated[Path, typer.Option(help="Folder for phantoms and checkpoints.")]


def train(
    recipe: Annotated[str, typer.Argument(help="A recipe's name or a .toml file.")],
    data: Data = None,
    size: Size = None,
    epochs: Epochs = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the recipe's.")] = None,
    resume: Annotated[
        bool | None,
        typer.Option("--resume/--afresh", help="Go on with a stopped run, or begin it again."),
    ] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder for TensorBoard's event files.")
    ] = None,
    processes: Annotated[
        int, typer.Option(min=1, help="On this machine, each with its share of a batch.")
    ] = 1,
    work: Work = Path("data"),
    serve: Annotated[bool, typer.Option(help="Put the new version into service.")] = False,
) -> None:
    """Train a recipe and add the result to weights/; Ctrl-C stops it, --resume goes on."""
    import shutil

    from fetal_model.store import serving
    from fetal_model.training.checkpoint import read_rows
    from fetal_model.training.processes import launch, place
    from fetal_model.training.runs import open_run

    try:
        chosen = _changed(recipe, data, size, epochs, seed)
        run, here = work / "runs" / chosen.name, place()
        if processes > 1 and here.processes == 1:
            if failed := launch(sys.argv[1:], processes):
                begun = " The same command with --resume goes on." if read_rows(run) else ""
                typer.echo(f"{failed}\n{chosen.name} was not trained.{begun}", err=True)
                raise typer.Exit(1)
            return
        if here.is_first and (done := open_run(run, chosen, resume)):
            typer.echo(f"{chosen.name}: goes on after epoch {done} of {chosen.training.epochs}")
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    try:
        from fetal_model.training.fit import deterministic
        from fetal_model.training.parallel import Lost
        from fetal_model.training.train import help_train
        from fetal_model.training.train import train as learn

        if chosen.training.precision == "float32":
            deterministic()
        if not here.is_first:
            help_train(chosen, work, run)
            return
        made = learn(chosen, work, progress=_simulating, run=run, tensorboard=tensorboard)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    except Lost as error:
        begun = " The same commands with --resume go on." if read_rows(run) else ""
        typer.echo(f"{error}.{begun}", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        typer.echo(
            f"\nStopped; {len(read_rows(run))} of {chosen.training.epochs} epochs are kept in "
            f"{run}. The same command with --resume goes on from there.",
            err=True,
        )
        raise typer.Exit(130) from None
    shutil.rmtree(run)
    if serve:
        serving.promote(made.label, COMMAND_LINE)
    typer.echo(made.label)


def sweep(
    recipes: Annotated[list[str], typer.Argument(help="Names of recipes or .toml files.")],
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each recipe.")] = 3,
    data: Data = None,
    size: Size = None,
    side: Annotated[
        int | None, typer.Option(min=32, max=1024, help="Pixels, instead of the recipe's.")
    ] = None,
    epochs: Epochs = None,
    test_scans: Annotated[int, typer.Option(min=8, help="Simulated scans of the test.")] = 4000,
    output: Annotated[
        Path, typer.Option("--output", "-o", file_okay=False, help="Folder of the results.")
    ] = Path("docs/results/experiments"),
    work: Work = Path("data"),
    engine: Annotated[
        Engine, typer.Option(help="One run after the other here, or as tasks of a Ray cluster.")
    ] = Engine.local,
    at_once: Annotated[
        int, typer.Option(min=1, help="Runs beside each other on this machine.")
    ] = 1,
) -> None:
    """Train recipes with several seeds and test all on the same scans; called again it goes on."""
    from fetal_model.training.recipe import at_side
    from fetal_model.training.sweep import here
    from fetal_model.training.sweep import sweep as run
    from fetal_model.training.sweep_ray import on_ray

    if engine == Engine.ray and at_once > 1:
        raise typer.BadParameter(
            "--at-once: expected with --engine local alone; a Ray cluster does as many runs at "
            "once as its machines have CPUs"
        )
    try:
        chosen = [_changed(name, data, size, epochs, None) for name in recipes]
        if side:
            chosen = [at_side(recipe, side) for recipe in chosen]
        does = on_ray if engine == Engine.ray else partial(here, at_once=at_once)
        failed = run(chosen, seeds, output, work, test_scans, _simulating, typer.echo, does)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    except KeyboardInterrupt:
        typer.echo("\nStopped. The same command goes on from here.", err=True)
        raise typer.Exit(130) from None
    if failed:
        typer.echo(f"failed: {', '.join(failed)}. The same command tries them again.", err=True)
        raise typer.Exit(1)


def recalibrate(
    version: Annotated[str, typer.Argument(help="NAME or NAME/NUMBER.")],
    keep: Annotated[
        bool | None,
        typer.Option(
            "--keep-annotations/--take-annotations-away",
            help="Whether the model sees what is written on a scan; else as before.",
        ),
    ] = None,
    work: Work = Path("data"),
) -> None:
    """Judge a version's weights anew and fit its thresholds again, as its next version."""
    from fetal_model.store.versions import find_version
    from fetal_model.training.recalibrate import recalibrate as again

    try:
        made = again(find_version(version), work, keep, progress=_simulating)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(made.label)


def _changed(
    name: str, data: Path | None, size: int | None, epochs: int | None, seed: int | None
) -> Recipe:
    from fetal_model.training.recipe import learn_from, load_recipe, of_size

    asked = {"epochs": epochs, "seed": seed}
    recipe = load_recipe(name, {key: value for key, value in asked.items() if value is not None})
    if data:
        recipe = learn_from(recipe, data)
    return of_size(recipe, size) if size else recipe


def _simulating(done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r\033[Ksimulating scans  {done:,}/{total:,}", end=end, file=sys.stderr, flush=True)
