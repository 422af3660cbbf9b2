"""Chapter 10: how optimizers walk down a curve that has two valleys.

python examples/ch10_walks.py --output walks.png
"""

from pathlib import Path

import click

import xpnn
from xpnn import plots

OPTIMIZERS = {
    "SGD, learning rate 0.002": xpnn.SGD(0.002),
    "SGD, 0.05": xpnn.SGD(0.05),
    "SGD, 0.9": xpnn.SGD(0.9),
    "SGD, 0.9 with decay 0.05": xpnn.SGD(0.9, decay=0.05),
    "SGD, 0.002 with momentum 0.9": xpnn.SGD(0.002, momentum=0.9),
    "SGD, 0.02 with momentum 0.9": xpnn.SGD(0.02, momentum=0.9),
    "AdaGrad, 1": xpnn.AdaGrad(1.0),
    "RMSProp, 0.05": xpnn.RMSProp(0.05),
    "Adam, 0.8": xpnn.Adam(0.8),
}


@click.command()
@click.option("--start", default=3.4, show_default=True, help="Where they begin.")
@click.option("--steps", default=100, show_default=True, help="How many steps they take.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("walks.png"))
def main(start: float, steps: int, output: Path) -> None:
    plots.check_picture(output)
    lowest, *others = plots.minima(plots.valley, -3.5, 3.7)
    print(f"the lowest minimum is at {lowest:.3f}, others at {others[0]:.3f}")
    for name, optimizer in OPTIMIZERS.items():
        print(f"{name:<30} {plots.walk(plots.valley, start, optimizer, steps)[-1]:7.3f}")
    plots.optimizer_walks(OPTIMIZERS, start=start, steps=steps).savefig(output)


if __name__ == "__main__":
    main()
