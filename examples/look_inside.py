"""What networks have learnt: weights, what each neuron sees, confusions, gradients.

python examples/look_inside.py --folder pictures
"""

from pathlib import Path

import click
from ch10_network import MOMENTUM, network
from matplotlib.figure import Figure

import xpnn
from xpnn import plots
from xpnn.callbacks import GradientNorms


@click.command()
@click.option("--backend", default=None, help="Where to compute; xpnn backends lists them.")
@click.option("--epochs", default=15, show_default=True, help="How long to train on digits.")
@click.option("--spiral-epochs", default=10001, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=Path("pictures"))
def main(backend: str | None, epochs: int, spiral_epochs: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    learn_the_spiral(backend, spiral_epochs, folder)
    read_digits(backend, epochs, folder)
    look_at_gradients(backend, epochs, folder)
    print("wrote", *sorted(path.name for path in folder.glob("*.png")))


def learn_the_spiral(backend: str | None, epochs: int, folder: Path) -> None:
    X, y = xpnn.datasets.spiral(samples=100, classes=3, seed=7)
    model = network(MOMENTUM, backend=backend)
    history = model.fit(X, y, epochs=epochs, batch_size=None).history
    curves = plots.picture_of_training(history, model.predict, (X, y))
    curves.savefig(folder / "training.png")
    plots.weight_maps(model).savefig(folder / "weights.png")
    neurons = plots.neuron_activations(model, X, neurons=range(32))
    neurons.savefig(folder / "neurons.png")
    plots.neuron_activations(model, X, layer=-1).savefig(folder / "probabilities.png")


def read_digits(backend: str | None, epochs: int, folder: Path) -> None:
    X, y = xpnn.datasets.digits()
    layers = [xpnn.Dense(64, 32), xpnn.ReLU(), xpnn.Dense(32, 10), xpnn.Softmax()]
    model = xpnn.Sequential(layers, seed=0, backend=backend)
    model.compile("categorical_cross_entropy", "adam")
    model.fit(X[:1000], y[:1000], epochs=epochs)
    figure = Figure(figsize=(6, 5), dpi=110, layout="constrained")
    plots.confusion_matrix(figure.subplots(), y[1000:], model.predict(X[1000:]))
    figure.savefig(folder / "confusion.png")


def look_at_gradients(backend: str | None, epochs: int, folder: Path) -> None:
    X, y = xpnn.datasets.digits()
    figure = Figure(figsize=(11, 6.4), dpi=80, layout="constrained")
    panels = figure.subplots(2, 2, sharey=True)
    kinds = ((xpnn.Sigmoid(), "glorot_uniform"), (xpnn.ReLU(), "he_normal"))
    for (now, later), (activation, weights) in zip(panels, kinds):
        layers = [xpnn.Dense(64, 32, weights=weights), activation]
        for _ in range(6):
            layers += [xpnn.Dense(32, 32, weights=weights), activation]
        layers += [xpnn.Dense(32, 10, weights=weights), xpnn.Softmax()]
        model = xpnn.Sequential(layers, seed=0, backend=backend)
        model.compile("categorical_cross_entropy", "adam")
        norms = plots.gradient_norms(now, model, X, y)
        now.set_title(f"{activation}: before the training")
        recorded = GradientNorms()
        model.fit(X, y, epochs=epochs, callbacks=[recorded])
        plots.gradient_history(later, recorded)
        later.set_title(f"{activation}: in the course of it")
        part = norms["0.weights"] / norms["14.weights"]
        print(f"{activation}: the first layer's gradient is {part:.1g} of the last one's")
    figure.savefig(folder / "gradients.png")


if __name__ == "__main__":
    main()
