"""The tutorial's figures that move, as a reader has them; its pages on a phone, in the dark.

What a figure shows is compared with what xpnn, or NumPy, computes for where its sliders are.
"""

import re
from pathlib import Path

import numpy as np
import pytest

import xpnn
from xpnn import calculus, handmade, plots

ROOT = Path(__file__).parents[2]
FIGURES = {
    "neuron": "01-networks",
    "product": "02-neurons",
    "sine": "04-activations",
    "tangent": "07-derivatives",
    "backward": "09-backpropagation",
    "walks": "10-optimizers",
}
PAGES = sorted(path.stem for path in (ROOT / "docs" / "tutorial").glob("*.md"))
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site's tutorial, without a search."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_MKDOCS_2_WARNING", "1")
        others = "*.py\n/*.md\n/api/\n/guides/"  # what else there is takes long
        settings = {"site_dir": str(folder), "plugins": [], "exclude_docs": others}
        build(load_config(str(ROOT / "mkdocs.yml"), **settings))
    return folder


@pytest.fixture
def read(site, open_page):
    """Open a page of the tutorial."""

    def opened(name, **settings):
        return open_page((site / "tutorial" / f"{name}.html").as_uri(), **settings)

    return opened


@pytest.fixture
def figure(read):
    """Open the page of a figure, and find it."""

    def found(name, **settings):
        return read(FIGURES[name], **settings).locator(f".moving[data-figure={name}]")

    return found


def move(figure, **positions):
    for label, position in positions.items():
        figure.get_by_label(label.replace("_", " "), exact=True).fill(str(position))


def press(figure, name):
    """Press a button, also where it says that there is no further step."""
    figure.get_by_role("button", name=name).click(force=True)


def said(figure):
    return figure.locator(".moving-said").inner_text().replace("\N{MINUS SIGN}", "-")


def numbers(text):
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", text)]


def texts(figure, selector="svg text"):
    found = figure.locator(selector).all_text_contents()
    return [text.replace("\N{MINUS SIGN}", "-") for text in found]


def corners(figure, selector):
    """Return where a line goes, in the units of the drawing: (corners, 2)."""
    written = figure.locator(selector).get_attribute("points")
    return np.array([[float(n) for n in corner.split(",")] for corner in written.split()])


def to_data(corners, *pairs):
    """Return what corners mean, given two ends of each axis: value and place, twice."""
    scaled = [np.interp(corners[:, i], *pair) for i, pair in enumerate(pairs)]
    return np.stack(scaled, axis=1)


@pytest.mark.parametrize(
    ("weight", "bias", "x"), [(12, 10, 6), (0, 16, 1), (16, 3, 8), (8, 2, 0)]
)
def test_a_neuron_follows_weight_bias_and_input(figure, weight, bias, x):
    shown = figure("neuron")
    move(shown, weight=weight, bias=bias, input=x)
    w, b, value = weight / 4 - 2, bias / 4 - 2, x / 2 - 2
    model = xpnn.Sequential([xpnn.Dense(1, 1), xpnn.ReLU()], dtype="float64")
    model.set_parameters([np.array([[w]]), np.array([b])])
    z, y = w * value + b, float(model.predict([[value]])[0, 0])
    assert numbers(said(shown)) == pytest.approx([value, w, b, z, y], abs=0.0051)
    xs, ys = to_data(
        corners(shown, "polyline.curve"), ([28, 350], [-2, 2]), ([74, 292], [6, -3])
    ).T
    np.testing.assert_allclose(ys, model.predict(xs[:, None])[:, 0], atol=0.01)
    assert {-2, 2} <= set(xs)
    dot = shown.locator("circle.dot")
    assert float(dot.get_attribute("cx")) == pytest.approx(28 + x / 8 * 322, abs=0.06)
    assert float(dot.get_attribute("cy")) == pytest.approx(292 - (y + 3) / 9 * 218, abs=0.06)


def test_a_product_is_computed_cell_by_cell(figure):
    shown = figure("product")
    inputs = np.array([[1, 2, 3, 2.5], [2, 5, -1, 2], [-1.5, 2.7, 3.3, -0.8]])
    weights = [[0.2, 0.5, -0.26], [0.8, -0.91, -0.27], [-0.5, 0.26, 0.17], [1, -0.5, 0.87]]
    results = (inputs @ weights + [2, 3, 0.5]).ravel()
    for n, result in enumerate(results):
        text = said(shown)
        assert text.startswith(f"Row {n // 3 + 1}, column {n % 3 + 1}: ")
        assert numbers(text)[-1] == pytest.approx(result, abs=5.1e-4)
        written = [text for text in texts(shown)[-9:] if text]
        assert [float(text) for text in written] == pytest.approx(results[: n + 1], abs=5.1e-4)
        # what is added up is the sum
        terms = (
            text.partition(": ")[2]
            .partition(" = ")[0]
            .replace("\N{NO-BREAK SPACE}·\N{NO-BREAK SPACE}", "*")
        )
        assert eval(terms) == pytest.approx(result, abs=1e-9)
        press(shown, "Next")
    assert said(shown) == text  # there is no tenth
    press(shown, "Back")
    assert said(shown).startswith("Row 3, column 2: ")


def test_pairs_make_a_sine_step_by_step(figure):
    shown = figure("sine")
    knots = handmade.sine_knots(8)
    wave = np.sin(2 * np.pi * knots)
    axes = ([28, 342], [0, 1]), ([8, 178], [1.2, -1.2])
    for n in range(9):
        x, y = to_data(corners(shown, "polyline.curve >> nth=0"), *axes).T
        np.testing.assert_allclose(x, knots, atol=1e-3)
        wanted = np.where(np.arange(9) <= n, wave, wave[n])  # flat, where no pair was yet
        np.testing.assert_allclose(y, wanted, atol=2e-3)
        if n:
            pair, begin, end, change, weight = numbers(said(shown))
            assert pair == n
            assert [begin, end] == pytest.approx(knots[n - 1 : n + 1], abs=0.0051)
            rise = wave[n] - wave[n - 1]
            assert change == pytest.approx(abs(rise), abs=0.0051)
            assert weight == pytest.approx(-rise / (knots[n] - knots[n - 1]), abs=0.0051)
        press(shown, "Next")


@pytest.mark.parametrize(("x", "delta"), [(4, 0), (0, 2), (12, 0), (10, 7)])
def test_a_tangent_is_what_the_line_through_two_points_becomes(figure, x, delta):
    shown = figure("tangent")
    move(shown, x=x, delta=delta)
    at = x / 4
    apart = float(shown.locator(".moving-value").nth(1).inner_text())
    measured, exact = numbers(said(shown))[-2:]
    assert measured == pytest.approx(
        calculus.derivative(lambda x: 2 * x**2, at, apart), abs=5.1e-5
    )
    assert exact == pytest.approx(4 * at, abs=5.1e-5)
    (x1, y1), (x2, y2) = corners(shown, "polyline.curve")
    slope = (y1 - y2) / (240 - 8) * 44 / ((x2 - x1) / (350 - 34) * 4.7)
    assert slope == pytest.approx(measured, abs=0.02)


def test_gradients_come_back_step_by_step(figure):
    shown = figure("backward")
    x, w = np.array([[1.0, -2.0, 3.0]]), np.array([[-3.0], [-1.0], [2.0]])
    layers = xpnn.Dense(3, 1), xpnn.ReLU()
    z, dense_backward = layers[0].forward((w, np.array([1.0])), x)
    y, relu_backward = layers[1].forward((), z)
    dx, (dw, db) = dense_backward(relu_backward(np.ones_like(y))[0])
    counts = [0, 1, 2, 6, 8, 10, 12, 12]
    for step, count in enumerate(counts):
        gradients = [text for text in texts(shown, "text.gradient") if text]
        assert len(gradients) == count
        if step < len(counts) - 1:
            press(shown, "Next")
    # for each product: input, weight, product; then bias, sum and ReLU
    wanted = [g for i in range(3) for g in (dx[0, i], dw[i, 0], 1)] + [db[0], 1, 1]
    assert [float(text) for text in gradients] == wanted
    values = [v for i in range(3) for v in (x[0, i], w[i, 0], x[0, i] * w[i, 0])]
    assert [float(text) for text in texts(shown, "text.value")] == [
        *values,
        1,
        z[0, 0],
        y[0, 0],
    ]
    assert numbers(said(shown)) == [*dx[0], *dw[:, 0], *db]
    press(shown, "Back")
    assert said(shown).startswith("Third product")


@pytest.mark.parametrize(
    ("rate", "momentum", "decay", "steps"),
    [(2, 0, 0, 40), (6, 0, 3, 7), (3, 4, 1, 25), (0, 2, 2, 0)],
)
def test_a_walk_follows_rate_momentum_and_decay(figure, rate, momentum, decay, steps):
    shown = figure("walks")
    move(shown, learning_rate=rate, momentum=momentum, decay=decay, steps=steps)
    settings = [float(text) for text in texts(shown, ".moving-value")]
    optimizer = xpnn.SGD(settings[0], momentum=settings[1], decay=settings[2])
    places = plots.walk(plots.valley, 3.4, optimizer, 40)[: steps + 1]
    assert numbers(said(shown)) == [steps, pytest.approx(places[-1], abs=0.0051)]
    x, y = to_data(
        corners(shown, "polyline.walk"), ([28, 350], [-3.5, 3.7]), ([8, 214], [4.9, -1.4])
    ).T
    np.testing.assert_allclose(x, places, atol=2e-3)
    np.testing.assert_allclose(y, plots.valley(places), atol=2e-3)


def test_a_walk_may_leave_the_picture(figure):
    shown = figure("walks")
    move(shown, learning_rate=6, momentum=4)
    assert said(shown) == "Place after 40 steps: out of the picture."


def test_keys_move_figures(figure):
    shown = figure("walks")
    slider = shown.get_by_label("momentum")
    slider.focus()
    slider.press("End")
    assert slider.get_attribute("aria-valuetext") == "0.90"
    slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "0.70"
    for _ in range(2):  # past decay and steps
        shown.page.keyboard.press("Tab")
    shown.page.keyboard.press("Tab")
    before = said(shown)
    shown.page.keyboard.press("Enter")  # Back
    assert numbers(before)[0] - 1 == numbers(said(shown))[0]


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_there_without_scripts(figure, name):
    moving, still = figure(name), figure(name, java_script_enabled=False)
    assert texts(still) == texts(moving)
    assert said(still) == said(moving)
    for slider in still.locator("input").all():
        assert not slider.is_visible()
    assert still.get_by_text("where scripts may run, it moves").is_visible()
    assert not moving.get_by_text("where scripts may run, it moves").is_visible()
    for control in [*moving.locator("input").all(), *moving.locator("button").all()]:
        assert control.is_visible()


@pytest.mark.parametrize("name", FIGURES)
def test_paper_shows_the_first_state(figure, name):
    shown = figure(name)
    before = texts(shown), said(shown)
    for slider in shown.locator("input").all():
        slider.fill(slider.get_attribute("max"))
    moved = texts(shown), said(shown)
    seen = "window.seen = null; addEventListener('beforeprint', () => {"
    seen += "seen = document.querySelector('.moving').textContent })"
    shown.page.evaluate(seen)
    first = shown.evaluate("f => f.textContent")
    shown.page.pdf()
    printed = shown.page.evaluate("seen")
    assert printed is not None
    assert printed != first
    assert all(
        text in printed.replace("\N{MINUS SIGN}", "-") for text in [*before[0], before[1]]
    )
    assert (texts(shown), said(shown)) == moved
    shown.page.emulate_media(media="print")
    assert not shown.locator("input").first.is_visible()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_a_phone(read, page):
    shown = read(page, viewport=PHONE)
    assert shown.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    # where figures are, and what of them is seen: from the left to the right
    edges = """figure => [figure, ...figure.querySelectorAll("svg text, label, span, button")]
        .map(e => e.getBoundingClientRect()).filter(box => box.width)
        .map(box => [box.left, box.right])"""
    for figure in shown.locator(".moving").all():
        (left, right), *parts = figure.evaluate(edges)
        assert left >= 0
        assert right <= PHONE["width"]
        assert [p for p in parts if p[0] < left - 1 or p[1] > right + 1] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", FIGURES)
def test_letters_and_lines_can_be_told_from_the_page(figure, name, scheme):
    """Letters by 4.5 to 1, what moves by 3 to 1, as WCAG 2 asks."""
    shown = figure(name, color_scheme=scheme)
    page = colour(shown.evaluate("() => getComputedStyle(document.body).backgroundColor"))
    looks = "found => found.map(e => getComputedStyle(e)).map(s => [s.%s, Number(s.opacity)])"
    for selector, style, wanted in (
        ("text", "fill", 4.5),
        ("p, span, label, button[aria-disabled=false]", "color", 4.5),
        ("figcaption", "color", 4.5),
        ("polyline.curve, polyline.other, polyline.dashed, line.edge", "stroke", 3),
        ("circle.dot", "fill", 3),
    ):
        for written, opacity in shown.locator(selector).evaluate_all(looks % style):
            *rgb, alpha = colour(written)
            mixed = [alpha * opacity * c + (1 - alpha * opacity) * p for c, p in zip(rgb, page)]
            assert contrast(mixed, page) >= wanted, selector


def colour(text):
    found = [float(n) for n in re.findall(r"[\d.]+", text)]
    return [*found, 1.0][:4]


def contrast(a, b):
    """Return the ratio of luminances of two colours, by WCAG 2."""

    def luminance(rgb):
        parts = [c / 255 for c in rgb[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return np.dot([0.2126, 0.7152, 0.0722], linear)

    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)
