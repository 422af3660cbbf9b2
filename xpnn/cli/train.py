"""The command ``xpnn train``: make a network that suits the data, train it and save it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ..backend import resolve
from ..callbacks import TrainingMovie
from ..callbacks.pictures import PANELS, USUAL, check_panels
from ..checks import about, check_integer
from ..distributed import Communicator, mpi
from ..distributed.communicator import ALONE
from ..layers.activations import ACTIVATIONS
from ..metrics import as_metric
from ..tables.files import find
from ..tabular import PRESETS
from ..tabular.deciding import DECISIONS
from ..training.interrupt import Signals, held
from .columns import columns_options
from .datasets import DATA_SETS, data_name
from .errors import Failure, sentence
from .optimizers import OPTIONS, SECTION, optimizer_options
from .options import (
    FilePath,
    Sections,
    backend_option,
    check_folder,
    check_writable,
    data_argument,
    import_option,
    metric_option,
)
from .saying import said_by, say, tell, where
from .settings import Asked
from .train_data_set import OnDataSet
from .train_table import OnTable

FOR_TABLES = (
    *(
        "target",
        "task",
        "preset",
        "members",
        "time_budget",
        "class_weight",
        "decide",
        "baselines",
    ),
    *("columns", "drop", "as_category", "as_number", "as_date", "as_id"),
)
"""Options that built-in data sets don't have."""


@click.command(
    cls=Sections,
    sections={"Options for tables": FOR_TABLES, "Options of the optimizer": SECTION},
)
@data_argument
@click.option("--target", metavar="COLUMN", help="The column of the table to learn.")
@click.option(
    "--task",
    type=click.Choice(["auto", "classification", "regression"]),
    default=None,
    help="What to learn of the target of a table.  auto is classification if it is not all "
    "numbers, or at most 20 different whole numbers.  [default: auto]",
)
@columns_options
@click.option(
    "--preset",
    type=click.Choice([*PRESETS]),
    help="How much time a table takes: five networks that are averaged, one small one, or "
    "eight.  [default: default]",
)
@click.option("--members", type=int, help="How many networks are averaged.")
@click.option(
    "--time-budget",
    type=float,
    metavar="SECONDS",
    help="What training on a table may take, about; then there are fewer networks.",
)
@click.option(
    "--class-weight",
    type=click.Choice(["balanced"]),
    help="Let all classes of a table count alike, however rare they are.",
)
@click.option(
    "--decide",
    type=click.Choice([*DECISIONS]),
    help="What telling classes shall be best at, where some are rare.  [default: accuracy, "
    "which is the most probable class]",
)
@click.option(
    "--baselines/--no-baselines",
    default=None,
    help="Whether simple models, and trees if scikit-learn is there, are trained too, to "
    "compare with.  [default: on tables of at most 20,000 rows]",
)
@click.option(
    "--hidden", metavar="SIZES", help="Sizes of the hidden layers, as 128,64; 0 for none."
)
@click.option(
    "--activation",
    metavar="NAME",
    help=f"Of the hidden layers: {', '.join(ACTIVATIONS)}.  [default: relu; of a table silu]",
)
@optimizer_options
@click.option("--epochs", type=int, help="How often to go through the data.")
@click.option("--batch-size", metavar="ROWS", help="Rows in a step; 0 or 'all' is all of them.")
@click.option("--dropout", type=float, help="The part of each hidden layer that is silenced.")
@click.option(
    "--l2",
    type=float,
    help="Adds l2 * sum(weights**2) to the loss, also to the one shown and watched.",
)
@click.option(
    "--patience",
    type=int,
    metavar="EPOCHS",
    help="Stop when the validation loss has not become smaller for so many epochs, and keep "
    "what was learnt where it was smallest.",
)
@click.option(
    "--checkpoints",
    type=FilePath(),
    metavar="FOLDER",
    help="Write checkpoints there each half minute and at the end; the same command again goes "
    "on where it was killed or interrupted.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="One seed gives one run.")
@click.option(
    "--validation-split",
    type=float,
    metavar="PART",
    help="The part of the rows, drawn at random, to measure and not train on.  [default: 0.2 "
    "for digits; for fashion-mnist its own 10,000 test images, for spiral and vertical as many "
    "points again, drawn anew; none of a table, where each network leaves out other rows]",
)
@metric_option
@backend_option
@import_option
@click.option(
    "--distributed",
    type=click.Choice(["mpi"]),
    help="Train on all processes that MPI started: mpiexec -n 4 python -m mpi4py -m xpnn train "
    "…; it is the same training, and the first process writes the files.  In --backend, "
    "{local_rank} stands for a process's number on its machine, as in NAME:{local_rank} for "
    "its GPU.",
)
@click.option(
    "--output",
    type=FilePath(),
    default=Path("model.safetensors"),
    show_default=True,
    help="The file to write the model to.",
)
@click.option(
    "--plot",
    type=FilePath(),
    metavar="FILE",
    help="A picture (.png, .svg, .pdf) of the curves, and of regions for data in the plane.",
)
@click.option(
    "--movie",
    type=FilePath(),
    metavar="FILE",
    help="A movie (.gif, .mp4) of the regions or the loss beside the weights, as they change.",
)
@click.option(
    "--movie-panels",
    metavar="NAMES",
    help=f"What the movie shows, with commas between: {', '.join(PANELS)}.  [default: "
    f"{','.join(USUAL)}]",
)
def train(**options: Any) -> None:
    """Train a network on DATA and save it.

    DATA is a table with --target COLUMN, or digits, spiral, vertical or fashion-mnist.  A table
    is CSV with any separator, Parquet, Feather, JSON, JSON lines or Excel, compressed or not, a
    pattern such as 'parts/*.csv', or - for standard input.  Each has defaults that work well:

    \b
      digits         --hidden 256 --optimizer adam --learning-rate 0.002 --epochs 60
                     --batch-size 32 --dropout 0.3
      spiral         --hidden 64 --optimizer sgd --learning-rate 1 --decay 0.001
                     --momentum 0.9 --epochs 10000 --batch-size all, as in the book
      vertical       as spiral, --epochs 1000
      fashion-mnist  --hidden 256,128 --optimizer adam --learning-rate 0.002
                     --decay 0.002 --epochs 10 --batch-size 128
      a table        --members 5 --hidden 128,128,128 --activation silu --dropout 0.15
                     --batch-size 128, with AdamW and a schedule

    Of each column of a table it is said what it is taken for; missing cells, text, dates and
    money need no work.  The model file keeps this, so that 'xpnn predict' takes raw rows.  Each
    network leaves out other rows, and is measured on them: out of fold.  After Ctrl-C, SIGTERM
    and SIGHUP what was learnt so far is saved; the exit status is then 130, 143 or 129.
    """  # noqa: D301  (click takes \\b, the character, for "keep these lines")
    given = {name: options.pop(name) for name in OPTIONS}
    given = {name: value for name, value in given.items() if value is not None}
    asked = Asked(**options, optimizer_settings=given)
    asked = replace(asked, data=data_name(asked.data))
    is_table = asked.data not in DATA_SETS
    _check_data(asked, is_table)
    check_integer("--seed", asked.seed, at_least=0)
    for name in asked.metric:
        as_metric(name)
    panels = _panels(asked, is_table)
    communicator = ALONE if asked.distributed is None else mpi()
    with communicator.together(), said_by(communicator.is_first):
        backend = resolve(_spec_here(asked.backend, communicator.local_rank))
        training = OnTable(asked, backend) if is_table else OnDataSet(asked, backend)
        _check_files(asked, is_table)
        movie = None if asked.movie is None else TrainingMovie(asked.movie, panels=panels)
        training.prepare([] if movie is None else [movie])
    with held() as signals, said_by(communicator.is_first):  # until all is written
        status, problems = _train(training, movie, signals, communicator)
    if signals():
        status = signals.status
    if status:
        for problem in problems:
            tell(f"Error: {sentence(problem)}")
        raise click.exceptions.Exit(status)
    if problems:
        raise Failure("; ".join(map(sentence, problems)))


def _spec_here(spec: str | None, local_rank: int) -> str | None:
    """Return the backend of this process, by its number on its machine."""
    return None if spec is None else spec.replace("{local_rank}", str(local_rank))


def _train(
    training: OnDataSet | OnTable,
    movie: TrainingMovie | None,
    signals: Signals,
    communicator: Communicator,
) -> tuple[int, list[OSError]]:
    """Train, write and tell all that can be.

    Returns
    -------
    status : int
        The exit status where a signal ended the training, else 0.
    problems : list of OSError
        What could not be written.
    """
    began = time.perf_counter()
    status, problems = training.fit(signals, communicator)
    training.backend.synchronize()
    with communicator.together():  # the others wait for what the first writes
        if communicator.is_first:
            problems = _finish(training, movie, problems, time.perf_counter() - began)
    return status, problems


def _finish(
    training: OnDataSet | OnTable,
    movie: TrainingMovie | None,
    problems: list[OSError],
    seconds: float,
) -> list[OSError]:
    """Write and tell all that can be, of a training that took so long.

    Returns
    -------
    list of OSError
        What could not be written.
    """
    files = list[Path]()
    if movie is not None and movie.failure is not None and movie.failure not in problems:
        problems.append(movie.failure)
    filmed = [] if problems or movie is None else [Path(movie.path)]

    def attempt(write: Callable[[], bool]) -> bool:
        """Do it; what fails must not take others with it."""
        try:
            return write()
        except OSError as error:
            problems.append(error)
            return False

    def report() -> bool:
        """Tell how good the model is, and what was written."""
        say(training.results())
        wrote = f"; wrote {' and '.join(map(str, files + filmed))}" if files + filmed else ""
        done, place = training.done(), where(training.backend)
        say(f"Trained {done} in {seconds:.1f} s with {place}{wrote}")
        return True

    output, plot = training.asked.output, training.asked.plot
    if attempt(lambda: training.save(output)):
        files.append(output)
    if plot is not None and attempt(lambda: training.draw(plot)):
        files.append(plot)
    attempt(report)
    return problems


def _check_data(asked: Asked, is_table: bool) -> None:
    """Check that a table is there, and that what is for tables is not asked of others."""
    if is_table:
        find(asked.data)
        if asked.target is None:
            raise ValueError(f"--target must name the column of {asked.data} to learn")
        return
    for name in FOR_TABLES:
        value = getattr(asked, name)
        if value is not None and value != ():
            option = name.removeprefix("as_").replace("_", "-")
            raise ValueError(f"--{option} is for tables; {asked.data} has its classes")


def _panels(asked: Asked, is_table: bool) -> tuple[str, ...]:
    """Return what a movie shall show."""
    if asked.movie_panels is None:
        return USUAL
    if asked.movie is None:
        raise ValueError("--movie-panels says what a movie shows: give --movie FILE, too")
    try:
        names = [name.strip().replace("-", "_") for name in asked.movie_panels.split(",")]
        panels = check_panels(names)
    except ValueError as error:
        raise about("--movie-panels", error) from error
    if is_table and "accuracy" in panels:
        raise ValueError(
            "--movie-panels: the networks of a table measure nothing but the loss, so leave "
            "accuracy out"
        )
    return panels


def _check_files(asked: Asked, is_table: bool) -> None:
    """Check that all files can be written that were asked for, and no two are the same."""
    taken: list[tuple[str, str | Path]] = [("the data", asked.data)] if is_table else []
    check_writable("--output", asked.output, *taken)
    taken.append(("--output", asked.output))
    if asked.plot is not None:
        from ..plots import check_picture

        check_writable("--plot", asked.plot, *taken)
        check_picture(asked.plot)
        taken.append(("--plot", asked.plot))
    if asked.movie is not None:
        check_writable("--movie", asked.movie, *taken)
    if asked.checkpoints is not None:
        check_folder("--checkpoints", asked.checkpoints)
