"""The command ``xpnn``: train, evaluate, predict, export, inspect, compare, backends.

What was asked for is checked before anything slow begins.  Results go to stdout, and
everything else that is said goes to stderr; bad input ends with status 2 and one sentence.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from . import __version__, cards, datasets
from .backend import BackendUnavailableError, available_backends, resolve
from .callbacks import Callback, Checkpoint, EarlyStopping, TrainingMovie
from .checks import check_integer, check_number
from .comparison import compare_backends
from .data import split_rows
from .layers import Dense, Dropout, Layer, LeakyReLU, Linear, ReLU, Sigmoid, Softmax, Tanh
from .metrics import Metric, as_metric
from .model import DivergenceError, Sequential
from .naming import look_up
from .optimizers import OPTIMIZERS, Optimizer
from .serialization import ModelFileError, atomic_write, read, save
from .tables import Classes, Measure, Preparation, Table, prepare, read_table

__all__ = ["main"]

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it."""

ACTIVATIONS: dict[str, Layer] = {
    "linear": Linear(),
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(),
    "sigmoid": Sigmoid(),
    "tanh": Tanh(),
}


@dataclass(frozen=True)
class Settings:
    """How a network is made and trained; the defaults are those for a CSV file."""

    hidden: tuple[int, ...] = (64, 32)
    activation: str = "relu"
    optimizer: str = "adam"
    optimizer_settings: dict[str, float] = field(default_factory=dict)
    epochs: int = 50
    batch_size: int | None = 32
    dropout: float = 0.0
    l2: float = 0.0
    validation_split: float | None = 0.2  # None: the data set has validation data of its own


Pair = tuple[np.ndarray, np.ndarray]
Draw = Callable[[np.random.Generator], Pair]

BOOK = Settings(
    hidden=(64,),
    optimizer="sgd",
    optimizer_settings={"learning_rate": 1.0, "decay": 1e-3, "momentum": 0.9},
    epochs=10_000,
    batch_size=None,
    validation_split=None,
)


@dataclass(frozen=True)
class DataSet:
    """A built-in data set: how to get it, what its classes are, how to learn it well."""

    training: Draw
    validation: Draw | None
    labels: tuple[str, ...]
    settings: Settings


# functions, so that nothing is drawn or read before it is asked for
DATA_SETS = {
    "digits": DataSet(
        training=lambda generator: datasets.digits(),
        validation=None,
        labels=tuple("0123456789"),
        settings=Settings(
            hidden=(256,), optimizer_settings={"learning_rate": 0.002}, epochs=60, dropout=0.3
        ),
    ),
    "spiral": DataSet(
        training=lambda generator: datasets.spiral(seed=generator),
        validation=lambda generator: datasets.spiral(seed=generator),
        labels=tuple("012"),
        settings=BOOK,
    ),
    "vertical": DataSet(
        training=lambda generator: datasets.vertical(seed=generator),
        validation=lambda generator: datasets.vertical(seed=generator),
        labels=tuple("012"),
        settings=replace(BOOK, epochs=1000),
    ),
    "fashion-mnist": DataSet(
        training=lambda generator: datasets.fashion_mnist("train"),
        validation=lambda generator: datasets.fashion_mnist("test"),
        labels=datasets.FASHION_CLASSES,
        settings=Settings(
            hidden=(256, 128),
            optimizer_settings={"learning_rate": 0.002, "decay": 0.002},
            epochs=10,
            batch_size=128,
            validation_split=None,
        ),
    ),
}


# ---------------------------------------------------------------------- what is said


class Failure(click.ClickException):
    """Bad input: one sentence on stderr and status 2."""

    exit_code = 2


def _sentence(error: BaseException) -> str:
    """Return an error in one line, without what only a programmer wants."""
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}"
    if isinstance(error, MemoryError):
        return f"there is not enough memory ({error}); try less data or a smaller network"
    if isinstance(error, DivergenceError):
        what = str(error).partition(". ")[0]
        return f"training stopped because {what}; try a smaller --learning-rate"
    return " ".join(str(error).split())


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn what is wrong with the input into one sentence, and Ctrl-C into its status."""
    try:
        yield
    except click.UsageError as error:
        raise Failure(error.format_message()) from error
    except BrokenPipeError:
        raise  # click ends quietly when whoever reads has enough
    except (
        BackendUnavailableError,
        DivergenceError,
        ImportError,
        MemoryError,
        OSError,
        TypeError,
        ValueError,
    ) as error:
        raise Failure(_sentence(error)) from error
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show warnings for users in one line each, and none of those for programmers."""

    def show(message: Any, category: Any, *rest: Any, **named: Any) -> None:
        click.echo(f"Warning: {_sentence(message)}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield


class Command(click.Group):
    """A group of commands whose errors and warnings are a line each."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the options of the command itself."""
        with _plain_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run one of the commands."""
        with _plain_errors(), _plain_warnings():
            return super().invoke(ctx)


@click.group(
    cls=Command,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
)
@click.version_option(__version__, prog_name="xpnn")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Train neural networks and use them, on any array library."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _table(rows: Sequence[Sequence[Any]], headers: Sequence[str], **options: Any) -> str:
    from tabulate import tabulate

    return str(tabulate(rows, headers, disable_numparse=True, **options))


def _results(measured: dict[str, dict[str, float]]) -> str:
    """Return a table of what was measured on which rows."""
    names = list(next(iter(measured.values())))
    rows = [
        [
            part,
            *(
                f"{v:.2%}" if name.endswith("accuracy") else f"{v:.4g}"
                for name, v in values.items()
            ),
        ]
        for part, values in measured.items()
    ]
    headers = ["", *(name.replace("_", " ") for name in names)]
    return _table(rows, headers, colalign=["left"] + ["right"] * len(names))


def _measure(
    model: Sequential, target: Classes | Measure, parts: dict[str, Pair | None]
) -> dict[str, dict[str, float]]:
    """Measure the model on each part of the data that there is, in the target's units."""
    return {
        part: {
            name: _in_units(name, value, target)
            for name, value in model.evaluate(*data).items()
        }
        for part, data in parts.items()
        if data is not None
    }


def _in_units(name: str, value: float, target: Classes | Measure) -> float:
    """Undo the scaling of the target in a loss or metric."""
    if isinstance(target, Classes) or name.endswith("r2"):
        return value
    return value * (target.scale if name.endswith("absolute_error") else target.scale**2)


def _chosen(metrics: Sequence[str], target: Classes | Measure) -> list[Metric]:
    """Return what to measure beside the loss, and that by its name."""
    usual = "accuracy" if isinstance(target, Classes) else "mean_absolute_error"
    chosen = [as_metric(name) for name in (usual, *metrics)]
    for metric in chosen:
        if metric.name == "accuracy" and not isinstance(target, Classes):
            raise ValueError("--metric accuracy is for classes, but the target is a number")
        if not metric.is_number:
            raise ValueError(
                f"--metric must be one number, but {metric.name} is more: use "
                f"xpnn.metrics.{metric.name} in Python"
            )
    return chosen


# ------------------------------------------------------------------------------ train


@dataclass(frozen=True)
class Data:
    """What to train on and to measure with, and how it was made into numbers."""

    source: dict[str, Any]
    training: Pair
    validation: Pair | None
    preparation: Preparation
    said: tuple[str, ...] = ()


def _generators(seed: int) -> list[np.random.Generator]:
    """Return a generator for the data and one for the model, which must not share draws."""
    return [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2)]


def _split(generator: np.random.Generator, part: float, n: int) -> tuple[Any, Any]:
    """Return which of n rows to train on, and which to measure."""
    rows = np.arange(n)
    if not part:
        return rows, rows[:0]
    (training, _, _), (validation, _) = split_rows(generator, part, rows, rows, None)
    return training, validation


def _built_in(name: str, seed: int, part: float | None) -> Data:
    """Get a built-in data set; one seed and part give the same rows again."""
    known = DATA_SETS[name]
    generator = _generators(seed)[0]
    X, y = known.training(generator)
    validation: Pair | None = None
    training = X, y
    if part is None and known.validation is not None:
        validation = known.validation(generator)
    elif part:
        kept, held = _split(generator, part, len(y))
        training, validation = (X[kept], y[kept]), (X[held], y[held])
    source = {"name": name, "seed": seed, "validation_split": part}
    return Data(source, training, validation, Preparation((), Classes("", known.labels)))


def _from_table(table: Table, target: str, seed: int, part: float, task: str) -> Data:
    """Make a table into numbers."""
    training, validation = _split(_generators(seed)[0], part, len(table))
    preparation, said = prepare(table, target, training, task)
    X = preparation.inputs(table, preparation.n_inputs)
    y = preparation.target.apply(table, target)
    return Data(
        {"name": Path(table.path).name},
        (X[training], y[training]),
        (X[validation], y[validation]) if validation.size else None,
        preparation,
        tuple(said),
    )


def _sizes(text: str) -> tuple[int, ...]:
    """Read the sizes of hidden layers."""
    if text.strip() in ("", "0"):
        return ()
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = (0,)
    if min(sizes) < 1:
        raise ValueError(
            "--hidden must be sizes of at least 1 with commas between, or 0 for no hidden "
            f"layer, got {text!r}"
        )
    return sizes


def _batch_size(text: str) -> int | None:
    """Read a batch size; None is all rows."""
    if text.strip().lower() in ("0", "all"):
        return None
    if not text.strip().isdecimal():
        raise ValueError(f"--batch-size must be a number of rows, or 'all', got {text!r}")
    return int(text)


def _optimizer(
    name: str, defaults: dict[str, float], given: dict[str, float | None]
) -> Optimizer:
    """Make an optimizer from what was given; it must have each setting."""
    cls = look_up(name, OPTIMIZERS, "optimizer")
    values = dict(defaults)
    for setting, value in given.items():
        if value is None:
            continue
        has = [n.lower() for n, c in OPTIMIZERS.items() if setting in _setting_names(c)]
        if cls.__name__.lower() not in has:
            option = setting.replace("_", "-")
            raise ValueError(
                f"--{option} is a setting of {' and '.join(has)}, but the optimizer is "
                f"{cls.__name__.lower()}; leave it out or add --optimizer {has[0]}"
            )
        values[setting] = value
    return cls(**values)


def _setting_names(cls: type[Optimizer]) -> set[str]:
    return {entry.name for entry in fields(cls)}


def _network(
    n_inputs: int, settings: Settings, target: Classes | Measure, seed: int, backend: Any
) -> Sequential:
    """Make the network: hidden layers, and an output that suits the target."""
    activation = look_up(settings.activation, ACTIVATIONS, "activation")
    # He et al.'s start is for what is 0 on one side, Glorot's for what is even
    weights = "he_normal" if isinstance(activation, ReLU | LeakyReLU) else "glorot_uniform"
    layers: list[Layer] = []
    for size in settings.hidden:
        layers += [Dense(n_inputs, size, weights=weights, l2=settings.l2), activation]
        if settings.dropout:
            layers.append(Dropout(settings.dropout))
        n_inputs = size
    output = Softmax() if isinstance(target, Classes) else Linear()
    layers += [Dense(n_inputs, target.n_outputs, l2=settings.l2), output]
    return Sequential(layers, seed=_generators(seed)[1], backend=backend)


def _check_writable(option: str, path: Path, *others: tuple[str, str | Path]) -> None:
    """Check that a file can be written, before the work that it will hold."""
    folder = path.parent
    if not folder.is_dir():
        raise ValueError(f"{option}: there is no folder {str(folder)!r}; make it first")
    if path.is_dir():
        raise ValueError(f"{option} must be a file, but {str(path)!r} is a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"{option}: the folder {str(folder)!r} can't be written to")
    for name, other in others:
        if path.resolve() == Path(other).resolve():
            raise ValueError(f"{option} must not be {name}, but both are {str(path)!r}")


CHECKPOINT_SECONDS = 30
"""How long a run may be lost for that was killed."""

BACKEND_OPTION = click.option(
    "--backend",
    metavar="SPEC",
    help="Array library and device: numpy, auto, NAME or NAME:DEVICE, with ! at the end to "
    "forbid falling back to NumPy.  'xpnn backends' lists them.  [default: $XPNN_BACKEND, else "
    "numpy]",
)

METRIC_OPTION = click.option(
    "--metric",
    multiple=True,
    metavar="NAME",
    help="What else to measure, any number of times: for classes f1, precision, recall, "
    "log_loss, roc_auc, top_3_accuracy, and f1_weighted and the like; for numbers r2 and "
    "mean_squared_error.",
)


@main.command()
@click.argument("data", metavar="DATA")
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
@click.option("--optimizer", metavar="NAME", help="One of sgd, adagrad, rmsprop, adam, adamw.")
@click.option("--learning-rate", type=float, help="The size of the optimizer's steps.")
@click.option("--decay", type=float, help="Divides the learning rate by 1 + decay * steps.")
@click.option("--momentum", type=float, help="Of sgd: the part of the last step taken again.")
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
    type=click.Path(path_type=Path),
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
@METRIC_OPTION
@BACKEND_OPTION
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("model.safetensors"),
    show_default=True,
    help="The file to write the model to.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A picture (.png, .svg, .pdf) of the curves, and of regions for data in the plane.",
)
@click.option(
    "--movie",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A movie (.gif, .mp4) of the regions or the loss beside the weights, as they change.",
)
def train(
    data: str,
    target: str | None,
    task: str | None,
    hidden: str | None,
    activation: str | None,
    optimizer: str | None,
    learning_rate: float | None,
    decay: float | None,
    momentum: float | None,
    epochs: int | None,
    batch_size: str | None,
    dropout: float | None,
    l2: float | None,
    patience: int | None,
    checkpoints: Path | None,
    seed: int,
    validation_split: float | None,
    backend: str | None,
    metric: tuple[str, ...],
    output: Path,
    plot: Path | None,
    movie: Path | None,
) -> None:
    """Train a network on DATA and save it.

    DATA is digits, spiral, vertical, fashion-mnist, or a CSV file with a header and
    --target COLUMN.  Each has defaults of its own that work well:

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
    raw rows.  After Ctrl-C what was learnt so far is saved.
    """  # noqa: D301  (click takes \\b, the character, for "keep these lines")
    place = resolve(backend)
    data = _data_name(data)
    is_table = data not in DATA_SETS
    settings = Settings() if is_table else DATA_SETS[data].settings
    if is_table:
        _check_table(data, target)
    for name, value in (("--target", target), ("--task", task)):
        if value is not None and not is_table:
            raise ValueError(f"{name} is for CSV files; {data} has its classes")
    check_integer("--seed", seed, at_least=0)
    for name in metric:
        as_metric(name)

    if optimizer is None:
        optimizer = settings.optimizer
    elif look_up(optimizer, OPTIMIZERS, "optimizer") is not look_up(
        settings.optimizer, OPTIMIZERS, "optimizer"
    ):
        settings = replace(settings, optimizer_settings={})
    rule = _optimizer(
        optimizer,
        settings.optimizer_settings,
        {"learning_rate": learning_rate, "decay": decay, "momentum": momentum},
    )
    if hidden is not None:
        settings = replace(settings, hidden=_sizes(hidden))
    if activation is not None:
        look_up(activation, ACTIVATIONS, "activation")
        settings = replace(settings, activation=activation)
    if epochs is not None:
        check_integer("--epochs", epochs, at_least=1)
        settings = replace(settings, epochs=epochs)
    if batch_size is not None:
        settings = replace(settings, batch_size=_batch_size(batch_size))
    if dropout is not None:
        check_number("--dropout", dropout, at_least=0, below=1)
        settings = replace(settings, dropout=dropout)
    if l2 is not None:
        check_number("--l2", l2, at_least=0)
        settings = replace(settings, l2=l2)
    if validation_split is not None:
        check_number("--validation-split", validation_split, at_least=0, below=1)
        settings = replace(settings, validation_split=validation_split)
    if patience is not None:
        check_integer("--patience", patience, at_least=1)
        if settings.validation_split == 0:
            raise ValueError("--patience needs rows to measure: give --validation-split")

    inputs = [("the data", data)] if is_table else []
    _check_writable("--output", output, *inputs)
    if plot is not None:
        from .plots import check_picture

        _check_writable("--plot", plot, *inputs, ("--output", output))
        check_picture(plot)
    callbacks: list[Callback] = []
    if checkpoints is not None:
        if checkpoints.exists() and not checkpoints.is_dir():
            raise ValueError(f"--checkpoints must be a folder, not the file {checkpoints}")
        callbacks.append(Checkpoint(checkpoints, None, every_seconds=CHECKPOINT_SECONDS))
    if movie is not None:
        others = [("--output", output), *([("--plot", plot)] if plot is not None else [])]
        _check_writable("--movie", movie, *inputs, *others)
        callbacks.append(TrainingMovie(movie))

    if is_table:
        assert target is not None
        table = read_table(data)
        if batch_size is None and len(table) > 10_000:
            settings = replace(settings, batch_size=256)
        part = settings.validation_split or 0.0
        rows = _from_table(table, target, seed, part, task or "auto")
    else:
        rows = _built_in(data, seed, settings.validation_split)
    for sentence in rows.said:
        click.echo(sentence)

    if patience is not None:
        callbacks.append(EarlyStopping("val_loss", patience))
    goal = rows.preparation.target
    model = _network(rows.training[0].shape[1], settings, goal, seed, place)
    loss = "categorical_cross_entropy" if isinstance(goal, Classes) else "mean_squared_error"
    model.compile(loss, rule, _chosen(metric, goal))
    began = time.perf_counter()
    interrupted = False
    try:
        model.fit(
            *rows.training,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            validation_data=rows.validation,
            callbacks=callbacks,
            resume=checkpoints,
        )
    except KeyboardInterrupt:
        interrupted = True
        done = model.history.epochs if model.history else 0
        click.echo(
            f"Interrupted after {done:,} of {settings.epochs:,} epochs; saving what was learnt",
            err=True,
        )
    place.synchronize()
    seconds = time.perf_counter() - began

    extra = {"data": rows.source, "preparation": rows.preparation.to_json()}
    if training := cards.last_epoch(model):
        training["last"] = {
            name: value if value is None else _in_units(name, value, goal)
            for name, value in training["last"].items()
        }
        extra["training"] = training
    save(model, output, extra)
    parts = {"training": rows.training, "validation": rows.validation}
    click.echo(_results(_measure(model, goal, parts)))
    files = str(output)
    if plot is not None and _draw(plot, model, rows):
        files += f" and {plot}"
    if movie is not None:
        files += f" and {movie}"
    done = model.history.epochs if model.history else 0
    click.echo(
        f"Trained {done:,} epoch{'s' * (done != 1)} in {seconds:.1f} s with {place.name} on "
        f"{place.device}; wrote {files}"
    )
    if interrupted:
        raise click.exceptions.Exit(INTERRUPTED)


def _data_name(data: str) -> str:
    """Return the name of a built-in data set as it is written, or the path of a file."""
    if data in DATA_SETS or Path(data).exists() or Path(data).suffix.lower() == ".csv":
        return data
    return look_up(data, {**dict(zip(DATA_SETS, DATA_SETS)), "FILE.csv": data}, "data")


def _check_table(data: str, target: str | None) -> None:
    """Check that there is a CSV file and a column to look for."""
    if not Path(data).is_file():
        raise FileNotFoundError(f"there is no file {data}")
    if target is None:
        raise ValueError(f"--target must name the column of {data} to learn")


def _draw(path: Path, model: Sequential, rows: Data) -> bool:
    """Draw a picture of the training, if an epoch was finished; return whether it was."""
    history = model.history.history if model.history else {}
    if not history:
        click.echo(f"No epoch was finished, so there is nothing to draw in {path}.", err=True)
        return False
    from .plots import picture_of_training

    target, features = rows.preparation.target, rows.preparation.features
    curves = {
        name: [_in_units(name, value, target) for value in values]
        for name, values in history.items()
    }
    X, y = rows.training
    if (
        isinstance(target, Classes)
        and X.shape[1] == 2
        and all(not f.categories for f in features)
    ):
        mean = np.array([f.mean for f in features] or [0.0, 0.0])
        scale = np.array([f.scale for f in features] or [1.0, 1.0])
        figure = picture_of_training(
            curves,
            lambda points: model.predict((points - mean) / scale),
            (X * scale + mean, y),
            target.labels,
            [f.column for f in features],
        )
    else:
        figure = picture_of_training(curves)
    with atomic_write(path) as temporary:
        figure.savefig(temporary)
    return True


# -------------------------------------------------------------- evaluate and predict


def _load(path: Path, backend: str | None) -> tuple[Sequential, Preparation, dict[str, Any]]:
    """Load a model file that `train` wrote, and check what it says of its data."""
    model, extra = read(path, resolve(backend))
    if "preparation" not in extra:
        raise ModelFileError(
            f"{path} was not written by 'xpnn train', so it does not say what its inputs and "
            "outputs mean; use it in Python with xpnn.load"
        )
    return model, *_described(path, model, extra)


def _described(
    path: Path, model: Sequential, extra: dict[str, Any]
) -> tuple[Preparation, dict[str, Any]]:
    """Check what a model file says of its data."""
    try:
        preparation = Preparation.from_json(extra["preparation"])
        source = extra.get("data")
        if not isinstance(source, dict) or not isinstance(source.get("name"), str):
            raise ValueError(f"expected data with a name, got {source!r:.80}")
        n_outputs: int | None = None
        for layer in model.layers:
            n_outputs = layer.output_size(n_outputs)
        if n_outputs != preparation.target.n_outputs or preparation.n_inputs not in (
            0,
            model.n_inputs,
        ):
            raise ValueError("the features and the target don't fit the network")
    except ValueError as error:
        raise ModelFileError(f"{path} does not describe its data well: {error}") from error
    return preparation, source


@main.command()
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")
@click.argument("data", metavar="DATA")
@click.option(
    "--target",
    metavar="COLUMN",
    help="The column with the right answers.  [default: the one that the model was trained on]",
)
@METRIC_OPTION
@BACKEND_OPTION
def evaluate(
    model: Path, data: str, target: str | None, metric: tuple[str, ...], backend: str | None
) -> None:
    """Measure the MODEL on DATA.

    DATA is a CSV file with the columns that the model was trained on, or the name of the
    built-in data set that it was trained on; then the same rows as in training are
    measured, those that it learnt from and those that it didn't.
    """
    network, preparation, source = _load(model, backend)
    if metric:
        if network._loss is None or network._optimizer is None:
            raise ModelFileError(f"{model} has no loss, so nothing can be measured")
        chosen = _chosen(metric, preparation.target)
        network.compile(network._loss, network._optimizer, chosen)
    parts = _parts(model, network, preparation, source, _data_name(data), target)
    click.echo(_results(_measure(network, preparation.target, parts)))
    click.echo(f"Measured with {network.backend.name} on {network.backend.device}")


def _parts(
    model: Path,
    network: Sequential,
    preparation: Preparation,
    source: dict[str, Any],
    data: str,
    target: str | None,
) -> dict[str, Pair | None]:
    """Return the rows of a table, or of the data set that the model was trained on."""
    goal = preparation.target
    if data in DATA_SETS:
        if target is not None:
            raise ValueError(f"--target is for CSV files; {data} has its classes")
        if source["name"] != data or goal.column:
            raise ValueError(f"{model} was trained on {source['name']}, not on {data}")
        seed, part = source.get("seed"), source.get("validation_split")
        check_integer("seed of the model file", seed, at_least=0)
        if part is not None:
            check_number("validation_split of the model file", part, at_least=0, below=1)
        rows = _built_in(data, int(seed or 0), part)
        return {"training": rows.training, "validation": rows.validation}
    target = target or goal.column
    _check_table(data, target or None)
    table = read_table(data)
    table.column(target, "the target")
    X = preparation.inputs(table, network.n_inputs or 0, target)
    return {f"{len(table):,} rows": (X, goal.apply(table, target))}


@main.command()
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")
@click.argument("data", metavar="DATA.csv")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="The CSV file to write to.  [default: the terminal]",
)
@BACKEND_OPTION
def predict(model: Path, data: str, output: Path | None, backend: str | None) -> None:
    """Predict with the MODEL for each row of a CSV file.

    The columns are found by their names, and others, such as the target, are left alone.
    For a model that was trained on a built-in data set the columns are its features in
    their order.  What is written has a row for each row: the prediction and, for classes,
    the probability of each.
    """
    network, preparation, _ = _load(model, backend)
    goal = preparation.target
    if output is not None:
        _check_writable("--output", output, ("the data", data), ("the model", model))
    table = read_table(data)
    outputs = network.predict(preparation.inputs(table, network.n_inputs or 0))
    if isinstance(goal, Classes):
        header = ["prediction", *(f"probability {label}" for label in goal.labels)]
        rows = (
            [goal.labels[best], *(f"{p:.6g}" for p in probabilities)]
            for best, probabilities in zip(outputs.argmax(axis=1), outputs.tolist())
        )
    else:
        header = ["prediction"]
        rows = ([f"{value:.7g}"] for value in goal.restore(outputs)[:, 0].tolist())
    if output is None:
        _write(sys.stdout, header, rows)
    else:
        with (
            atomic_write(output) as temporary,
            open(temporary, "w", newline="", encoding="utf-8") as file,
        ):
            _write(file, header, rows)
        click.echo(
            f"Predicted {len(table):,} rows with {network.backend.name} on "
            f"{network.backend.device}; wrote {output}",
            err=True,
        )


def _write(file: Any, header: list[str], rows: Iterator[list[str]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)


# ------------------------------------------------------------------ export and inspect


def _read(path: Path) -> tuple[Sequential, Preparation | None, dict[str, Any]]:
    """Load any model file, also one that `train` did not write, and what it keeps."""
    model, extra = read(path, "numpy")
    preparation = None
    if "preparation" in extra:
        preparation, _ = _described(path, model, extra)
    return model, preparation, extra


@main.command()
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")
@click.argument("output", type=click.Path(path_type=Path), metavar="OUTPUT.onnx")
def export(model: Path, output: Path) -> None:
    """Write the MODEL as an ONNX file, which other programs run without Python.

    For a model that was trained on a CSV file it takes raw rows, as 'xpnn predict' does: one
    array of all features where they are numbers, else one for each column, numbers as float64
    and categories as text.  What it takes and gives is printed, and the names of columns and
    classes are kept in the file's metadata.
    """
    from .export import export_onnx

    network, preparation, _ = _read(model)
    _check_writable("OUTPUT", output, ("the model", model))
    graph = export_onnx(network, output, preparation).graph
    rows = [
        [kind, value.name, *_described_value(value)]
        for kind, values in (("takes", graph.input), ("gives", graph.output))
        for value in values
    ]
    click.echo(_table(rows, ["", "name", "dtype", "shape"]))
    click.echo(f"wrote {output}")


def _described_value(value: Any) -> list[str]:
    """Return the dtype and the shape of an input or output of an ONNX graph, in words."""
    from onnx.helper import tensor_dtype_to_np_dtype

    tensor = value.type.tensor_type
    dtype = tensor_dtype_to_np_dtype(tensor.elem_type)
    shape = ", ".join(d.dim_param or str(d.dim_value) for d in tensor.shape.dim)
    return ["text" if dtype.kind == "O" else dtype.name, f"({shape})"]


@main.command()
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")
@click.option("--json", "as_json", is_flag=True, help="Print the model card as JSON.")
def inspect(model: Path, as_json: bool) -> None:
    """Tell what the MODEL is: layers, how it was trained, on what and how well."""
    network, _, extra = _read(model)
    card = cards.model_card(network, extra)
    click.echo(json.dumps(card, indent=2) if as_json else cards.text(network, card))


# --------------------------------------------------------------------------- backends


@main.command()
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")
@click.argument("data", metavar="DATA")
@click.option(
    "--backends",
    "specs",
    metavar="SPECS",
    required=True,
    help="Two or more, as numpy,auto; the others are compared with the first.",
)
@click.option(
    "--target",
    metavar="COLUMN",
    help="The column with the right answers.  [default: the one that the model was trained on]",
)
def compare(model: Path, data: str, specs: str, target: str | None) -> None:
    """Show where array libraries differ in the MODEL by more than rounding.

    DATA is as for evaluate; of its rows the first 256 are used.  The exit status is 1 where
    something differs.
    """
    network, preparation, source = _load(model, "numpy")
    parts = _parts(model, network, preparation, source, _data_name(data), target)
    X, y = next(pair for pair in parts.values() if pair is not None)
    if compare_backends(network, X[:256], y[:256], specs.split(",")).first is not None:
        raise click.exceptions.Exit(1)


@main.command()
@BACKEND_OPTION
def backends(backend: str | None) -> None:
    """List the array libraries: which work here, and if not, why and what to install."""
    used = resolve(backend)
    rows = [
        [
            info.name,
            "yes" if info.usable else "no",
            info.device or "",
            info.version or "",
            info.reason,
        ]
        for info in available_backends()
    ]
    headers = ["backend", "usable", "device", "version", "what is missing"]
    click.echo(_table(rows, headers, maxcolwidths=[None, None, 24, None, 60]))
    asked = f"--backend {backend}" if backend else "Without --backend, xpnn"
    click.echo(f"{asked} uses {used.name} on {used.device}")
