"""Chapters 7 and 8: slopes from small steps, and what they are to a network.

python examples/ch07_to_08_derivatives.py
"""

import click

import xpnn
from xpnn.calculus import derivative, gradient, jacobian, tangent_line


def f(x):
    return 2 * x**2


@click.command()
@click.option("--backend", default=None, help="Where to compute; xpnn backends lists them.")
def main(backend: str | None) -> None:
    b = xpnn.set_backend(backend) if backend else xpnn.get_backend()

    print("f(x) = 2x² has the derivative 4x; with a step of 0.0001:")
    for x in range(5):
        slope, intercept = tangent_line(f, x)
        print(f"  at {x}: slope {derivative(f, x):.6f}, tangent {slope:.4f} x {intercept:+.4f}")
    print(f"  at 3, from both sides: {derivative(f, 3, method='central'):.10f}")

    # Chapter 8: a partial derivative holds the other variables fixed.
    point = b.asarray([1.0, 2.0, 3.0])
    print(
        "3x²y + z³ at (1, 2, 3):",
        b.to_numpy(gradient(lambda p: 3 * p[0] ** 2 * p[1] + p[2] ** 3, point)),
    )

    # The Jacobian of softmax, which the backward pass multiplies by without forming it.
    softmax = xpnn.Softmax()
    x = b.asarray([[2.0, 0.0, 1.0]])
    print("softmax:", b.to_numpy(softmax.forward((), x)[0]))
    matrix = jacobian(lambda x: softmax.forward((), x)[0], x)
    print("its Jacobian:", b.to_numpy(matrix)[0, :, 0, :], sep="\n")


if __name__ == "__main__":
    main()
