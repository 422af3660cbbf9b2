"""Draws the floors of the house from its own imports: ``python docs/floors.py``.

The floors are those of the contract "floors" in pyproject.toml, which ``nox -s lint`` holds the
code to; rooms are the modules and packages of xpnn, and an arrow leads from a room to one that
it imports, for types too.  Arrows that follow from others are left out: where a room imports a
second one that imports a third, there is no arrow from the first to the third.

``--check`` draws nothing, and ends with 1 if the picture is not that of today's code.
"""

import argparse
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import grimp

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "images" / "floors.svg"

WIDTH, HEIGHT = 15.0, 13.0
"""In inches."""

NAMES = (
    *("the seam", "words", "words made of these", "parts", "rows", "the network"),
    *("around a network", "movies", "callbacks", "the loop", "the shell"),
    *("made with a model", "pages", "faces", "entries"),
)
"""What the floors are called; docs/architecture.md tells what lives on each."""


def read_floors(imports: dict[str, set[str]]) -> list[list[str]]:
    """Return the rooms of each floor, the ground floor first.

    The folder of backends, which xpnn finds by name when it runs, stands right above what it
    imports.
    """
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = (c for c in linter["contracts"] if c["name"] == "floors")
    floors = [[room.strip() for room in row.split("|")] for row in reversed(contract["layers"])]
    below = max(i for i, floor in enumerate(floors) if imports["backends"] & {*floor})
    floors[below + 1].append("backends")
    return floors


def read_imports() -> dict[str, set[str]]:
    """Return for each room those that it imports."""
    sys.path.insert(0, str(ROOT))
    graph = grimp.build_graph("xpnn", "backends", cache_dir=None)

    def room(module: str) -> str:
        first, *rest = module.split(".")
        return rest[0] if first == "xpnn" and rest else first

    imports: dict[str, set[str]] = {room(module): set() for module in graph.modules}
    for module in graph.modules:
        imports[room(module)] |= set(map(room, graph.find_modules_directly_imported_by(module)))
    del imports["xpnn"]  # the front door, which hands out what is in the rooms
    return {name: used - {name, "xpnn"} for name, used in imports.items()}


def without_shortcuts(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """Leave out the arrows that follow from others; there is no circle."""
    below: dict[str, set[str]] = {}

    def all_below(name: str) -> set[str]:
        if name not in below:
            below[name] = set().union(imports[name], *map(all_below, imports[name]))
        return below[name]

    return {
        name: {other for other in used if not any(other in all_below(o) for o in used)}
        for name, used in imports.items()
    }


def ordered(floors: list[list[str]], arrows: dict[str, set[str]]) -> list[list[str]]:
    """Return each floor's rooms in an order in which few arrows cross.

    A room is placed where, in the mean, those are that it has arrows to and from; from the
    ground floor up and down again, a few times (Sugiyama, Tagawa and Toda, 1981).
    """
    tied = {
        name: {*used, *(n for n in arrows if name in arrows[n])}
        for name, used in arrows.items()
    }
    floors = [[*floor] for floor in floors]
    for floor in [*floors, *reversed(floors)] * 12:
        place = {n: (i + 0.5) / len(row) for row in floors for i, n in enumerate(row)}
        floor.sort(
            key=lambda n: sum(place[t] for t in tied[n]) / len(tied[n]) if tied[n] else 1.0
        )
    return floors


def describe(floors: list[list[str]], imports: dict[str, set[str]]) -> str:
    """Return floors and arrows in words; the picture keeps them, and `--check` compares."""
    rooms = (f"{i}: {', '.join(sorted(floor))}" for i, floor in enumerate(floors))
    arrows = (f"{name} > {', '.join(sorted(used))}" for name, used in sorted(imports.items()))
    return "; ".join([*rooms, *arrows])


def described_in_picture() -> str | None:
    """Return what the picture that is there was drawn of."""
    found = ElementTree.parse(PICTURE).iter("{http://purl.org/dc/elements/1.1/}description")
    return next((element.text for element in found), None)


def draw(floors: list[list[str]], imports: dict[str, set[str]], description: str) -> None:
    """Draw the rooms floor by floor, and the arrows between them."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch

    matplotlib.rcParams["svg.hashsalt"] = "xpnn"  # the same picture for the same code
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 1), ylim=(-0.6, len(floors) - 0.3))
    axes.axis("off")
    arrows = without_shortcuts(imports)
    place = {
        name: (0.12 + (i + 0.5) / len(floor) * 0.87, height)
        for height, floor in enumerate(ordered(floors, arrows))
        for i, name in enumerate(floor)
    }
    for height in range(len(NAMES)):
        shade = "#f3f6fa" if height % 2 else "#ffffff"
        axes.axhspan(height - 0.5, height + 0.5, color=shade, zorder=0)
        axes.text(0.01, height, f"{height:2}", color="0.45", fontsize=13, va="center")
        axes.text(0.035, height, NAMES[height], color="0.45", fontsize=10, va="center")
    for name, used in arrows.items():
        for other in used:
            (x, y), (u, v) = place[name], place[other]
            axes.annotate(
                "",
                (u, v + 0.19),
                (x, y - 0.19),
                arrowprops={"arrowstyle": "-|>", "color": "#0072B2", "alpha": 0.55, "lw": 1.0},
                zorder=1,
            )
    for name, (x, y) in place.items():
        half = 0.0046 * len(name) + 0.008
        box = FancyBboxPatch(
            (x - half, y - 0.15),
            2 * half,
            0.3,
            boxstyle="round,pad=0,rounding_size=0.006",
            mutation_aspect=WIDTH / HEIGHT * len(floors),
            fc="#fff4dd" if name == "backends" else "white",
            ec="#333333",
            lw=1.0,
            zorder=2,
        )
        axes.add_patch(box)
        axes.text(x, y, name, ha="center", va="center", fontsize=11, zorder=3)
    metadata = {"Date": None, "Title": "The floors of xpnn", "Description": description}
    figure.savefig(PICTURE, metadata=metadata)


def main() -> int:
    """Draw, or check."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only tell if it is out of date")
    arguments = parser.parse_args()
    imports = read_imports()
    floors = read_floors(imports)
    heights = {name: height for height, floor in enumerate(floors) for name in floor}
    upwards = [f"{a} > {b}" for a in imports for b in imports[a] if heights[b] >= heights[a]]
    if upwards:
        print("These imports point up:", ", ".join(upwards))
        return 1
    if len(floors) != len(NAMES):
        print(f"There are {len(floors)} floors, but {len(NAMES)} names: mend NAMES here")
        return 1
    description = describe(floors, imports)
    if not arguments.check:
        draw(floors, imports, description)
    elif described_in_picture() != description:
        print(f"{PICTURE} is out of date: run python docs/floors.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
