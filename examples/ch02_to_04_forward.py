"""Chapters 2 to 4: from one neuron to a layer that gives probabilities.

python examples/ch02_to_04_forward.py --backend numpy
"""

import click

import xpnn


@click.command()
@click.option("--backend", default=None, help="Where to compute; xpnn backends lists them.")
def main(backend: str | None) -> None:
    b = xpnn.set_backend(backend) if backend else xpnn.get_backend()

    # Chapter 2: a batch of three samples with four features goes through three neurons.
    # Weights are stored (n_inputs, n_neurons), so that no transpose is needed.
    inputs = b.asarray([[1.0, 2.0, 3.0, 2.5], [2.0, 5.0, -1.0, 2.0], [-1.5, 2.7, 3.3, -0.8]])
    weights = b.asarray(
        [[0.2, 0.5, -0.26], [0.8, -0.91, -0.27], [-0.5, 0.26, 0.17], [1.0, -0.5, 0.87]]
    )
    biases = b.asarray([2.0, 3.0, 0.5])
    dense = xpnn.Dense(4, 3)
    outputs, _ = dense.forward((weights, biases), inputs)
    print("three neurons, three samples:", b.to_numpy(outputs), sep="\n")

    # Chapter 4: an activation is a layer too, one without parameters.
    activated, _ = xpnn.ReLU().forward((), outputs)
    print("after ReLU:", b.to_numpy(activated), sep="\n")
    probabilities, _ = xpnn.Softmax().forward((), outputs)
    print("after softmax, rows that add up to 1:", b.to_numpy(probabilities), sep="\n")

    # The same as a network: the spiral of chapter 3 through two untrained layers.
    X, _ = xpnn.datasets.spiral(samples=100, classes=3, seed=0)
    model = xpnn.Sequential(
        [xpnn.Dense(2, 3), xpnn.ReLU(), xpnn.Dense(3, 3), xpnn.Softmax()], seed=0
    )
    print("an untrained network knows nothing:", model.predict(X)[:3], sep="\n")


if __name__ == "__main__":
    main()
