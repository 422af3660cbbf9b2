"""The command ``xpnn train``: make a network that suits the data, train it and save it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from .. import cards
from ..backend import resolve
from ..callbacks import Callback, Checkpoint, EarlyStopping, TrainingMovie
from ..checks import check_integer
from ..metrics import as_metric
from ..sequential import Sequential
from ..serialization import save
from ..tables import read_table
from ..training.interrupt import Signals, held
from .data import Data, built_in, from_table, generators
from .datasets import DATA_SETS, data_name
from .errors import INTERRUPTED, Failure, sentence
from .networks import loss_for, network
from .options import (
    FilePath,
    backend_option,
    check_folder,
    check_table,
    check_writable,
    data_argument,
    import_option,
    metric_option,
)
from .pictures import draw
from .results import chosen_metrics, in_units, measure, results
from .saying import say, tell
from .settings import ACTIVATIONS, Asked, Settings, chosen_optimizer, chosen_settings

CHECKPOINT_SECONDS = 30
"""How much of a run, in seconds, is lost at most when it is killed."""

LARGE_TABLE = 10_000
"""How many rows a table may have before larger batches are taken, unless asked otherwise."""


@click.command()
@data_argument
@click.option("--target", metavar="COLUMN", help="The column of the CSV file to learn.")
@click.option(
    "--task",
    type=click.Choice(["auto", "classification", "regression"]),
    default=None,
    help="What to learn of the target of a CSV file.  auto is classification if it is not all "
    "numbers, or at most 20 different whole numbers.  [default: auto]",
)
@click.option(
    "--hidden", metavar="SIZES", help="Sizes of the hidden layers, as 128,64; 0 for none."
)
@click.option(
    "--activation",
    metavar="NAME",
    help=f"Of the hidden layers: {', '.join(ACTIVATIONS)}.  [default: relu]",
)
@click.option(
    "--optimizer",
    metavar="NAME",
    help="One of sgd, adagrad, rmsprop, adam, adamw, or one that was imported.",
)
@click.option("--learning-rate", type=float, help="The size of the optimizer's steps.")
@click.option("--decay", type=float, help="Divides the learning rate by 1 + decay * steps.")
@click.option("--momentum", type=float, help="Of sgd: the part of the last step taken again.")
@click.option("--rho", type=float, help="Of rmsprop: how slowly it forgets squared gradients.")
@click.option(
    "--setting",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another setting of the optimizer, any number of times: nesterov=true, epsilon=1e-8, "
    "beta_1=0.8, weight_decay=0.01.",
)
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
    help="The part of the rows, drawn at random, to measure and not train on.  [default: 0.2; "
    "for fashion-mnist its own 10,000 test images, for spiral and vertical as many points "
    "again, drawn anew]",
)
@metric_option
@backend_option
@import_option
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
def train(**options: Any) -> None:
    """Train a network on DATA and save it.

    DATA is digits, spiral, vertical, fashion-mnist, or a CSV file, - for standard input, with
    a header and --target COLUMN.  Each has defaults of its own that work well:

    \b
      digits         --hidden 256 --optimizer adam --learning-rate 0.002 --epochs 60
                     --batch-size 32 --dropout 0.3
      spiral         --hidden 64 --optimizer sgd --learning-rate 1 --decay 0.001
                     --momentum 0.9 --epochs 10000 --batch-size all, as in the book
      vertical       as spiral, --epochs 1000
      fashion-mnist  --hidden 256,128 --optimizer adam --learning-rate 0.002
                     --decay 0.002 --epochs 10 --batch-size 128
      a CSV file     --hidden 64,32 --optimizer adam --epochs 50 --batch-size 32,
                     or 256 for more than 10,000 rows

    In a CSV file a column is numbers if every cell is one, else categories; numbers are
    scaled by the training rows.  The model file keeps this, so that 'xpnn predict' takes
    raw rows.  After Ctrl-C, SIGTERM and SIGHUP what was learnt so far is saved; the exit
    status is then 130, 143 or 129.
    """  # noqa: D301  (click takes \\b, the character, for "keep these lines")
    asked = Asked(**options)
    backend = resolve(asked.backend)
    asked = replace(asked, data=data_name(asked.data))
    is_table = asked.data not in DATA_SETS
    _check_data(asked, is_table)
    check_integer("--seed", asked.seed, at_least=0)
    for name in asked.metric:
        as_metric(name)
    defaults = Settings() if is_table else DATA_SETS[asked.data].settings
    optimizer = chosen_optimizer(asked, defaults)
    settings = chosen_settings(asked, defaults)
    _check_files(asked, is_table)
    callbacks = _callbacks(asked)

    if is_table:
        data, settings = _prepared_table(asked, settings)
    else:
        data = built_in(asked.data, asked.seed, settings.validation_split)
    for line in data.said:
        say(line)

    target = data.preparation.target
    n_inputs = data.training[0].shape[1]
    model = network(n_inputs, settings, target, generators(asked.seed)[1], backend)
    model.compile(loss_for(target), optimizer, chosen_metrics(asked.metric, target))
    with held() as signals:  # until all is written
        status, problems = _train(model, data, settings, callbacks, asked, signals)
    if signals():
        status = signals.status
    if status:
        for problem in problems:
            tell(f"Error: {sentence(problem)}")
        raise click.exceptions.Exit(status)
    if problems:
        raise Failure("; ".join(map(sentence, problems)))


def _train(
    model: Sequential,
    data: Data,
    settings: Settings,
    callbacks: Sequence[Callback],
    asked: Asked,
    signals: Signals,
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
    status, problems = _fit(model, data, settings, callbacks, asked.checkpoints, signals)
    model.backend.synchronize()
    seconds, files = time.perf_counter() - began, []
    filmed = [] if problems or asked.movie is None else [asked.movie]

    def attempt(write: Callable[[], bool]) -> bool:
        """Do it; what fails must not take others with it."""
        try:
            return write()
        except OSError as error:
            problems.append(error)
            return False

    if attempt(lambda: _save(model, data, asked.output)):
        files.append(asked.output)
    plot = asked.plot
    if plot is not None and attempt(lambda: draw(plot, model, data)):
        files.append(plot)
    attempt(lambda: _report(model, data, seconds, files + filmed))
    return status, problems


def _report(model: Sequential, data: Data, seconds: float, files: Sequence[Path]) -> bool:
    """Tell how good the model is, and what was written."""
    parts = {"training": data.training, "validation": data.validation}
    target = data.preparation.target
    say(results(measure(model, target, parts), target))
    done, backend = _epochs_done(model), model.backend
    wrote = f"; wrote {' and '.join(map(str, files))}" if files else ""
    say(
        f"Trained {done:,} epoch{'s' * (done != 1)} in {seconds:.1f} s with {backend.name} on "
        f"{backend.device}{wrote}"
    )
    return True


def _check_data(asked: Asked, is_table: bool) -> None:
    """Check that a table is there, and that what is for tables is not asked of others."""
    if is_table:
        check_table(asked.data, asked.target)
        return
    for name, value in (("--target", asked.target), ("--task", asked.task)):
        if value is not None:
            raise ValueError(f"{name} is for CSV files; {asked.data} has its classes")


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


def _callbacks(asked: Asked) -> list[Callback]:
    """Return who is told how the training goes."""
    callbacks: list[Callback] = []
    if asked.checkpoints is not None:
        callbacks.append(Checkpoint(asked.checkpoints, None, every_seconds=CHECKPOINT_SECONDS))
    if asked.movie is not None:
        callbacks.append(TrainingMovie(asked.movie))
    if asked.patience is not None:
        callbacks.append(EarlyStopping("val_loss", asked.patience))
    return callbacks


def _prepared_table(asked: Asked, settings: Settings) -> tuple[Data, Settings]:
    """Read a table and make it into numbers; a large one is trained on in larger batches."""
    assert asked.target is not None  # it was checked
    table = read_table(asked.data)
    if asked.batch_size is None and len(table) > LARGE_TABLE:
        settings = replace(settings, batch_size=256)
    part, task = settings.validation_split or 0.0, asked.task or "auto"
    return from_table(table, asked.target, asked.seed, part, task), settings


def _fit(
    model: Sequential,
    data: Data,
    settings: Settings,
    callbacks: Sequence[Callback],
    checkpoints: Path | None,
    signals: Signals,
) -> tuple[int, list[OSError]]:
    """Train the model, as long as nothing ends it; as `_train`."""
    status, problems = 0, []
    try:
        model.fit(
            *data.training,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            validation_data=data.validation,
            callbacks=callbacks,
            resume=checkpoints,
        )
    except (KeyboardInterrupt, SystemExit) as error:
        ended = "Interrupted"
        if not isinstance(error, KeyboardInterrupt):
            if not signals():
                raise
            ended = f"Ended by {signals.name}"
        tell(
            f"{ended} after {_epochs_done(model):,} of {settings.epochs:,} epochs; "
            "saving what was learnt"
        )
        status = signals.status or INTERRUPTED
    except OSError as error:  # of a file beside the model, which is not lost for that
        if not _epochs_done(model):
            raise
        problems.append(error)
    failures = (c.failure for c in callbacks if isinstance(c, TrainingMovie))
    return status, problems + [f for f in failures if f is not None and f not in problems]


def _epochs_done(model: Sequential) -> int:
    return model.history.epochs if model.history else 0


def _save(model: Sequential, data: Data, output: Path) -> bool:
    """Write the model file, with how raw rows become inputs and how the training ended."""
    extra = {"data": data.source, "preparation": data.preparation.to_json()}
    if training := cards.last_epoch(model):
        training["last"] = {
            name: value if value is None else in_units(name, value, data.preparation.target)
            for name, value in training["last"].items()
        }
        extra["training"] = training
    save(model, output, extra)
    return True
