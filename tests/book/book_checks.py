"""What each figure of the book must show, by its number."""

import re

import numpy as np
from matplotlib.colors import to_rgb

import xpnn
from xpnn import plots

INPUTS = np.array([[1, 2, 3, 2.5], [2, 5, -1, 2], [-1.5, 2.7, 3.3, -0.8]])
WEIGHTS = np.array([[0.2, 0.8, -0.5, 1], [0.5, -0.91, 0.26, -0.5], [-0.26, -0.27, 0.17, 0.87]])
BIASES = np.array([2, 3, 0.5])
OUTPUTS = np.array([[4.8, 1.21, 2.385], [8.9, -1.81, 0.2], [1.41, 1.051, 0.026]])  # the book's
SECOND = np.array([[0.5031, -1.04185, -2.03875], [0.2434, -2.7332, -5.7633]])  # two of them


def number(text):
    """Return a number that is drawn, or None if the text is something else."""
    text = text.replace("\N{MINUS SIGN}", "-")
    return float(text) if re.fullmatch(r"-?[\d.]+(e-?\d+)?", text) else None


def texts(axes):
    return [text.get_text() for text in axes.texts]


def numbers(axes, colour=None):
    """Return the numbers that stand in axes, or those of a colour."""
    found = [
        number(text.get_text())
        for text in axes.texts
        if colour is None or to_rgb(text.get_color()) == to_rgb(colour)
    ]
    return [value for value in found if value is not None]


def same(given, wanted, digits=3):
    np.testing.assert_allclose(given, wanted, atol=0.6 * 10**-digits)


def line(weight, bias, activation=lambda z: z):
    def check(figure):
        (axes,) = figure.axes
        curves = [curve for curve in axes.get_lines() if len(curve.get_xdata()) > 2]
        x, y = curves[-1].get_data()
        same(y, activation(weight * x + bias), 9)

    return check


def relu(z):
    return np.maximum(z, 0)


def connections(*counts):
    def check(figure):
        axes = figure.axes[-1]
        assert [len(lines.get_segments()) for lines in axes.collections] == [*counts]

    return check


def digit(figure):
    X, y = xpnn.datasets.digits()
    picture, network = figure.axes
    np.testing.assert_array_equal(picture.get_images()[0].get_array(), X[0].reshape(8, 8))
    probabilities = numbers(network)[-10:]
    assert np.argmax(probabilities) == y[0]


def readings(figure):
    rows, answers = figure.axes
    same(numbers(rows), [21.5, 40, 1, 35.2, 45, 1, 20.9, 80, 0, 33, 77, 1])
    same(numbers(answers), [0, 1, 0, 1])


def formula(figure):
    whole = r"\mathrm{ReLU}(\mathrm{ReLU}(X W_{1} + b_{1}) W_{2} + b_{2}) W_{3} + b_{3}"
    assert whole in texts(figure.axes[0])[0]
    assert texts(figure.axes[0])[0].startswith(r"$\mathrm{CategoricalCrossEntropy}(")


def explained(figure):
    said = texts(figure.axes[0])
    assert len(said) == 3 * 8
    assert said[2::3] == ["(n, 2)", *["(n, 16)"] * 4, *["(n, 3)"] * 2, "a number"]


def said(*words):
    """Check that texts are there, in this order among others."""

    def check(figure):
        rest = iter([text for axes in figure.axes for text in texts(axes)])
        for word in words:
            assert any(word == text for text in rest), word

    return check


def only(*values):
    """Check which numbers are there, and no others."""

    def check(figure):
        same(numbers(figure.axes[0]), values)

    return check


def both(*checks):
    def check(figure):
        for one in checks:
            one(figure)

    return check


def product(a, b, result, biases=(), shown=None):
    """Check the cells: the second matrix, the first, those of the product that are shown."""
    result = np.asarray(result).ravel()[:shown]
    return only(*np.ravel(b), *np.ravel(a), *result, *biases)


def second_layer(figure):
    shown = numbers(figure.axes[0])
    assert len(shown) == 9 + 9 + 9 + 3
    same(shown[18:24], SECOND.ravel(), 2)


def five_points(figure):
    shown = np.array(numbers(figure.axes[0]))
    weights, rows, outputs = shown[:6].reshape(2, 3), shown[6:16].reshape(5, 2), shown[16:31]
    same(rows, xpnn.datasets.spiral(samples=100, classes=3, seed=0)[0][50:55], 2)
    same(outputs, (rows @ weights).ravel(), 3)


def fit(figure):
    """The line is not far from that of least squares."""
    (axes,) = figure.axes
    every, batch, fitted = axes.get_lines()
    x, y = every.get_data()
    assert len(batch.get_xdata()) == 16
    slope, intercept = np.polyfit(x, y, 1)
    same(fitted.get_ydata(), intercept + slope * fitted.get_xdata(), 0)


def spiral_points(*markers):
    def check(figure):
        X, y = xpnn.datasets.spiral(samples=100, classes=3, seed=0)
        drawn = [collection.get_offsets() for collection in figure.axes[0].collections]
        groups = [X] if not markers else [X[y == c] for c in markers]
        assert len(drawn) == len(groups)
        for points, wanted in zip(drawn, groups):
            same(points, wanted, 6)

    return check


def vertical_points(figure):
    X, y = xpnn.datasets.vertical(samples=100, classes=3, seed=0)
    for c, collection in enumerate(figure.axes[0].collections):
        same(collection.get_offsets(), X[y == c], 6)


def activation(f, slope):
    def check(figure):
        curve, slopes = figure.axes[0].get_lines()[:2]
        x, y = curve.get_data()
        inside = np.abs(x) > 1e-9
        same(y[inside], f(x)[inside], 9)
        same(slopes.get_ydata()[inside], slope(x)[inside], 9)

    return check


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


ACTIVATIONS = {
    "step": (lambda x: (x > 0) * 1.0, lambda x: 0 * x),
    "linear": (lambda x: x, lambda x: 0 * x + 1),
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x))),
    "relu": (relu, lambda x: (x > 0) * 1.0),
}


def four_activations(figure):
    for axes, (f, slope) in zip(figure.axes, ACTIVATIONS.values()):
        activation(f, slope)(type("Part", (), {"axes": [axes]}))


def off_by(low, high):
    """Check how far the network is from the sine at most, by its own curve."""

    def check(figure):
        _, network = figure.axes[0].get_lines()
        x, given = network.get_data()
        off = np.abs(given - np.sin(2 * np.pi * x)).max()
        assert low < off < high
        assert figure.axes[0].get_title() == f"off by {off:.4f} at most"

    return check


def pair(w1, b1, w2, b2, w3, b3):
    return response(lambda x: w3 * relu(w2 * relu(w1 * x + b1) + b2) + b3)


def response(f):
    """Check the curve beside a network, and the one that is wanted behind it."""

    def check(figure):
        wanted, given = figure.axes[1].get_lines()[:2]
        x = given.get_xdata()
        same(wanted.get_ydata(), np.sin(2 * np.pi * x), 6)
        same(given.get_ydata(), f(x), 6)

    return check


def ramps(count):
    """Return the sum of the first pieces: ramps from where they begin, as high as they are."""
    starts = [0, 0.12, 0.303, 0.383, 0.5, 0.62, 0.803, 0.883]
    slopes = [6, 3.5, -3.5, -6, -6, -3.5, 3.5, 6]
    heights = [0.7, 0.27, 0.27, 0.7] * 2

    def f(x):
        ramps = [
            np.sign(slope) * np.clip(abs(slope) * (x - start), 0, height)
            for start, slope, height in zip(starts, slopes, heights)
        ]
        return sum(ramps[:count])

    return f


def awake(at, first, second):
    """Check how many neurons of both layers are awake at an input, and the mark there."""

    def check(figure):
        network, curve = figure.axes
        values = [
            number(text.get_text())
            for text in network.texts
            if text.get_fontsize() == 7 and text.get_bbox_patch() is None
        ]
        assert len(values) == 1 + 8 + 8 + 1
        assert np.count_nonzero(values[1:9]) == first
        assert np.count_nonzero(values[9:17]) == second
        same(values[-1], ramps(8)(at), 2)
        same(curve.get_lines()[-1].get_data(), [[at], [ramps(8)(at)]], 6)

    return check


def by_hand_and_trained(figure):
    curves = [line.get_ydata() for line in figure.axes[1].get_lines()]
    x = figure.axes[1].get_lines()[0].get_xdata()
    same(curves[1], ramps(8)(x), 6)
    assert np.abs(figure.axes[3].get_lines()[1].get_ydata() - np.sin(2 * np.pi * x)).max() < 0.1


def awake_of_trained(figure):
    x, y = figure.axes[1].get_lines()[-1].get_data()
    same(x, [0.25])
    assert abs(y[0] - 1) < 0.1


def loss_of_confidence(figure):
    curve, clipped, marked = figure.axes[0].get_lines()
    p, loss = curve.get_data()
    same(loss, -np.log(np.clip(p, 1e-7, 1 - 1e-7)), 6)
    same(clipped.get_ydata(), [16.11809565])  # the book's -log(1e-7)
    same(marked.get_ydata(), -np.log(marked.get_xdata()))


def three_confidences(figure):
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    same(widths, np.array([[0.7, 0.1, 0.2], [0.1, 0.5, 0.4], [0.02, 0.9, 0.08]]).T.ravel())
    wanted = [(0.7, 0.357), (0.5, 0.693), (0.9, 0.105)]  # of the book's three samples
    assert texts(figure.axes[0]) == [f"\N{MINUS SIGN}log {p} = {loss}" for p, loss in wanted]


def searched(title_at_end):
    def check(figure):
        titles = [axes.get_title() for axes in figure.axes if axes.get_visible()]
        assert [title.split(":")[0] for title in titles] == [
            f"after {n:,} tries" for n in STOPS
        ]
        accuracies = [int(re.search(r"(\d+)%", title)[1]) for title in titles]
        low, high = title_at_end
        assert low <= accuracies[-1] <= high

    return check


STOPS = (0, 20, 100, 400)
"""Of searches; the figures go on to 3,000."""


def search_losses(figure):
    losses, _ = figure.axes
    curves = {curve.get_label(): curve.get_ydata() for curve in losses.get_lines()}
    assert all(
        (np.diff(curve) <= 0).all() and len(curve) == STOPS[-1] for curve in curves.values()
    )
    # as the book found: steps lead somewhere on the clouds, and neither way on the spiral
    assert curves["steps, vertical"][-1] < 0.6
    assert min(curves["drawn anew, vertical"][-1], curves["steps, spiral"][-1]) > 1


def secant_slopes(f, x, *slopes):
    def check(figure):
        curve, *lines = figure.axes[0].get_lines()
        same(curve.get_ydata(), f(curve.get_xdata()), 6)
        for slope, (line, points) in zip(slopes, zip(lines[::2], lines[1::2]), strict=True):
            a, b = line.get_data()
            same(np.diff(b) / np.diff(a), [slope], 3)
            same(points.get_ydata(), f(points.get_xdata()), 6)
            same(points.get_xdata()[0], x)
            assert line.get_label().endswith(f"slope {slope:g}")

    return check


def tangent_slopes(f, **slopes):
    def check(figure):
        _, *lines = figure.axes[0].get_lines()
        at = [float(points.get_xdata()[0]) for points in lines[1::2]]
        same(at, [float(x[1:]) for x in slopes])
        for x, slope, line in zip(at, slopes.values(), lines[::2], strict=True):
            a, b = line.get_data()
            same(np.diff(b) / np.diff(a), [slope], 5)
            same(b[0] + slope * (x - a[0]), f(x), 5)

    return check


def rule(f, slope):
    def check(figure):
        curve, slopes = figure.axes[0].get_lines()
        x = curve.get_xdata()
        same(curve.get_ydata(), f(x), 9)
        same(slopes.get_ydata(), slope(x), 5)

    return check


def arrows(figure):
    (quiver,) = [c for c in figure.axes[0].collections if type(c).__name__ == "Quiver"]
    same(quiver.U, np.full(81, 2.0), 5)
    same(quiver.V, 6 * quiver.XY[:, 1], 5)


def partials(figure):
    x_line, y_line, _ = figure.axes[0].get_lines()
    for line, along, slope in ((x_line, 0, 2.0), (y_line, 1, 6.0)):
        data = line.get_data_3d()
        same(np.diff(data[2]) / np.diff(data[along]), [slope], 5)


GRADIENT = plots.COLOURS[4]


def values_and_gradients(values, gradients):
    def check(figure):
        (axes,) = figure.axes
        same(sorted(numbers(axes, GRADIENT)), sorted(gradients))
        black = [
            number(text.get_text())
            for text in axes.texts
            if text.get_color() == "black" and text.get_bbox_patch() is None
        ]
        same(sorted(black), sorted(values))

    return check


# what goes back in figures 9.04 to 9.15, one after the other
GOING_BACK = [1, 1, 1, 1, 1, 1, -3, 1, -1, -2, 2, 3]
FORWARDS = [1, -2, 3, -3, -1, 2, 1, -3, 2, 6]


def neuron(stages, gradients):
    values = FORWARDS + [6] * (stages >= 2) + [6] * (stages >= 3)
    return values_and_gradients(values, GOING_BACK[:gradients])


def step_down(figure):
    before, after = figure.axes
    assert texts(before)[-1] == "6"
    assert texts(after)[-1] == "5.985"  # the book's
    weights = [re.search(r"× (\S+) =", t)[1] for t in texts(after) if "×" in t]
    assert weights == ["\N{MINUS SIGN}3.001", "\N{MINUS SIGN}0.998", "1.997"]


def layer_graph(figure):
    """The gradient of each weight is its input, as all that comes back is 1."""
    (axes,) = figure.axes
    gradients = numbers(axes, GRADIENT)
    wanted = [*[1] * 3, *[1] * 3, *[1] * 15, *WEIGHTS.ravel(), *np.tile(INPUTS[0], 3)]
    same(sorted(gradients), sorted(wanted))


def slope_of_valley(x):
    return (x * x - 4) * x / 4 + 1 / 4


def slope_of_hills(x):
    return x / 5 + 2 * np.sin(2 * x)


def sgd(rate, decay=0.0, momentum=0.0):
    velocity = 0.0

    def step(x, slope, t):
        nonlocal velocity
        velocity = momentum * velocity - rate / (1 + decay * t) * slope
        return x + velocity

    return step


def adagrad(rate):
    cache = 0.0

    def step(x, slope, t):
        nonlocal cache
        cache += slope**2
        return x - rate * slope / (np.sqrt(cache) + 1e-7)

    return step


def rmsprop(rate, rho=0.9):
    cache = 0.0

    def step(x, slope, t):
        nonlocal cache
        cache = rho * cache + (1 - rho) * slope**2
        return x - rate * slope / (np.sqrt(cache) + 1e-7)

    return step


def adam(rate, beta_1=0.9, beta_2=0.999):
    first = second = 0.0

    def step(x, slope, t):
        nonlocal first, second
        first = beta_1 * first + (1 - beta_1) * slope
        second = beta_2 * second + (1 - beta_2) * slope**2
        mean, square = first / (1 - beta_1 ** (t + 1)), second / (1 - beta_2 ** (t + 1))
        return x - rate * mean / (np.sqrt(square) + 1e-7)

    return step


def walked(step, slope=slope_of_valley, start=3.4, steps=100, low=-3.5, high=3.7):
    """Check the places where balls are, against the book's rule with the exact slope."""

    def check(figure):
        places = [start]
        for t in range(steps):
            with np.errstate(over="ignore"):
                places.append(step(places[-1], slope(places[-1]), t))
        inside = np.array([x for x in places if low <= x <= high])
        balls = figure.axes[0].collections[0]
        np.testing.assert_allclose(balls.get_offsets()[:, 0], inside, atol=2e-3)

    return check


def hills_alone(figure):
    curve, *triangles = figure.axes[0].get_lines()
    x, y = curve.get_data()
    same(y, x**2 / 10 - np.cos(2 * x), 6)
    places = [t.get_xdata()[0] for t in triangles if t.get_marker() == "^"]
    assert len(places) == 3
    same(slope_of_hills(np.array(places)), 0, 4)


def decays(figure):
    t = np.arange(1000)
    for curve, decay in zip(
        figure.axes[0].get_lines(), (0, 1e-4, 1e-3, 1e-2, 1e-1), strict=True
    ):
        same(curve.get_ydata(), 1 / (1 + decay * t), 9)


def run(rates, accuracy=None, loss=None):
    """Check the learning rates, and what the book prints of step 100."""

    def check(figure):
        _, losses, accuracies, learning_rates, *_ = figure.axes
        curve, right = losses.get_lines()[0], accuracies.get_lines()[0]
        assert len(curve.get_ydata()) == 101
        same([curve.get_ydata()[0], right.get_ydata()[0]], [1.099, 0.360])  # in all its runs
        if loss is not None:
            assert abs(curve.get_ydata()[100] - loss) < 0.002
            assert abs(right.get_ydata()[100] - accuracy) < 0.025
        same(learning_rates.get_lines()[0].get_ydata(), rates(np.arange(101)), 7)

    return check


def constant(rate):
    return lambda t: np.full(len(t), rate)


def falling(rate, decay):
    return lambda t: rate / (1 + decay * t)


def all_losses(figure):
    curves = figure.axes[0].get_lines()
    assert len(curves) == 10
    for curve in curves:
        same(curve.get_ydata()[0], 1.099)


X = np.array([1, 2, 3])
B = np.array([2, 3, 4])
DVALUES = np.repeat([[1.0], [2.0], [3.0]], 3, axis=1)

CHECKS = {
    "1.03": connections(20, 25, 10),
    "1.04": line(1, 0),
    "1.05": line(2, 0),
    "1.06": line(0.7, 0),
    "1.07": line(-0.7, 0),
    "1.08": line(1, 0.7),
    "1.09": line(1, 0, lambda z: (z > 0) * 1.0),
    "1.10": connections(128, 256, 256, 48),
    "1.11": digit,
    "1.12": readings,
    "1.13": formula,
    "1.14": explained,
    "2.01": only(1, 2, 3),
    "2.02": only(1, 0.2, 2, 0.8, 3, -0.5),
    "2.03": both(said("× 0.2 = 0.2", "2", "× 0.8 = 1.6", "2.3"), only(1, 2, 3, 2.3)),
    "2.04": both(said("× 1 = 2.5", "sum 2.8\n+ bias 2", "4.8"), only(1, 2, 3, 2.5, 4.8)),
    "2.04.2": said("4.8", "1.21", "2.385"),
    "2.05": only(4, 2, 5, 1, 8, 2),
    "2.06": said("2", "6", "12", "= 20"),
    "2.07": said("0.2", "1.6", "2.5", "= 2.8"),
    "2.08": product(INPUTS[:1], WEIGHTS.T, OUTPUTS[0] - BIASES),
    "2.09": product(INPUTS[:1], WEIGHTS.T, OUTPUTS[0], BIASES),
    "2.10": both(connections(12), said("4.8", "1.21", "2.38")),
    "2.11": only(*INPUTS.ravel()),
    "2.12": fit,
    "2.13": product(INPUTS, WEIGHTS.T, []),
    "2.14": product(INPUTS, WEIGHTS.T, OUTPUTS - BIASES, shown=5),
    "2.15": product(X, B, [20]),
    "2.16": only(*WEIGHTS.ravel(), *WEIGHTS.T.ravel()),
    "2.17": only(1, 2, 3),
    "2.18": only(2, 3, 4, 2, 3, 4),
    "2.19": product(X, B, [2, 3, 4, 4, 6, 8, 6, 9, 12]),
    "2.20": product(INPUTS, WEIGHTS.T, OUTPUTS - BIASES),
    "2.21": product(INPUTS, WEIGHTS.T, OUTPUTS, BIASES),
    "3.01": connections(12, 9),
    "3.02": both(connections(12, 9), said("4.8", "1.21", "2.38", "0.503")),
    "3.03": product(INPUTS, WEIGHTS.T, OUTPUTS, BIASES),
    "3.04": second_layer,
    "3.07": five_points,
    "3.05": spiral_points(),
    "3.06": spiral_points(0, 1, 2),
    "4.01": activation(*ACTIVATIONS["step"]),
    "4.02": activation(*ACTIVATIONS["linear"]),
    "4.03": activation(*ACTIVATIONS["sigmoid"]),
    "4.04": activation(*ACTIVATIONS["relu"]),
    "4.05": four_activations,
    "4.06": off_by(0.9, 1.1),
    "4.07": off_by(0, 0.1),
    "4.08": line(0, 0, relu),
    "4.09": line(1, 0, relu),
    "4.10": line(1, 0.5, relu),
    "4.11": line(-1, 0.5, relu),
    "4.12": pair(0, 0, 0, 0, 1, 0),
    "4.13": pair(1, 0, 1, 0, 1, 0),
    "4.14": pair(1, -0.5, 1, 0, 1, 0),
    "4.15": pair(1, -0.5, -1, 0, 1, 0),
    "4.16": pair(1, 0, -1, 0.5, 1, 0),
    "4.17": pair(1, -0.25, -1, 0.5, 1, 0),
    "4.18": pair(1, -0.25, -1, 0.5, -1, 0),
    "4.19": pair(1, -0.25, -1, 0.5, -1, 0.5),
    "4.20": response(lambda x: 6 * x),
    "4.21": response(lambda x: 0 * x),
    "4.22": response(lambda x: relu(0.7 - 6 * x)),
    "4.23": response(lambda x: -relu(0.7 - 6 * x)),
    "4.24": response(ramps(1)),
    "4.25": response(lambda x: ramps(1)(x) + 3.5 * x),
    "4.26": response(lambda x: ramps(1)(x) + relu(3.5 * x - 0.42)),
    "4.27": response(ramps(2)),
    "4.28": response(ramps(3)),
    "4.29": response(ramps(4)),
    "4.30": response(ramps(5)),
    "4.31": response(ramps(6)),
    "4.32": response(ramps(7)),
    "4.33": response(ramps(8)),
    "4.34": both(response(ramps(8)), awake(0.08, 1, 8)),
    "4.35": both(response(ramps(8)), awake(0.4, 4, 5)),
    "4.36": by_hand_and_trained,
    "4.37": off_by(0, 0.05),
    "4.38": awake_of_trained,
    "5.01": loss_of_confidence,
    "5.02": three_confidences,
    "6.01": vertical_points,
    "6.02": searched((30, 70)),
    "6.03": searched((85, 95)),
    "6.04": searched((38, 50)),
    "6.05": search_losses,
    "7.01": secant_slopes(lambda x: 2 * x, 1, 2),
    "7.02": secant_slopes(lambda x: 2 * x, 0, 2, 2, 2),
    "7.03": tangent_slopes(lambda x: 2 * x**2, _1=4, _2=8),
    "7.04": secant_slopes(lambda x: 2 * x**2, 0, 2, 4, 6),
    "7.05": secant_slopes(lambda x: 2 * x**2, 1, 10, 8, 6, 4.2),
    "7.06": secant_slopes(lambda x: 2 * x**2, 2, 8),
    "7.07": tangent_slopes(lambda x: 2 * x**2, _2=8),
    "7.08": tangent_slopes(lambda x: 2 * x**2, _0=0, _1=4, _2=8, _3=12, _4=16),
    "7.09": tangent_slopes(lambda x: x**2, _0=0, _1=2, _2=4),
    "7.10": rule(lambda x: 0 * x + 1, lambda x: 0 * x),
    "7.11": rule(lambda x: x, lambda x: 0 * x + 1),
    "7.12": rule(lambda x: 2 * x, lambda x: 0 * x + 2),
    "7.13": rule(lambda x: 3 * x**2, lambda x: 6 * x),
    "7.14": rule(lambda x: 3 * x**2 + 5 * x, lambda x: 6 * x + 5),
    "7.15": rule(lambda x: 5 * x**5 + 4 * x**3 - 5, lambda x: 25 * x**4 + 12 * x**2),
    "7.16": rule(lambda x: x**3 + 2 * x**2 - 5 * x + 7, lambda x: 3 * x**2 + 4 * x - 5),
    "8.01": arrows,
    "8.02": partials,
    "8.03": values_and_gradients([1, 1, 2, 2, 32, 3, 96], [960, 480, 240, 240, 3, 32, 1]),
    "8.04": values_and_gradients(
        [1, 1, 3, 3, 3, 9, 2, 4, 5, 3, 5, 15, 20, 2, 2, 4, 3, 12, 32],
        [27, 9, 3, 3, 3, 1, -4, -1, 1, 5, 3, 1, 1, 6, 6, 3, 4, 1, 1],
    ),
    "9.01": neuron(1, 0),
    "9.02": neuron(2, 0),
    **{f"9.{k + 3:02}": neuron(3, k) for k in range(13)},
    "9.16": product([1], [-3, -1, 2], [-3, -1, 2]),
    "9.17": product([1, -2, 3], [1], [1, -2, 3]),
    "9.18": step_down,
    "9.19": neuron(3, 12),
    "9.20": layer_graph,
    "9.21": product(
        DVALUES,
        WEIGHTS,
        # the chapter's dinputs
        [0.44, -0.38, -0.07, 1.37, 0.88, -0.76, -0.14, 2.74, 1.32, -1.14, -0.21, 4.11],
    ),
    "10.01": run(constant(1), 0.400, 1.087),
    "10.02": hills_alone,
    "10.03": walked(sgd(0.002)),
    "10.04": walked(sgd(0.01), slope_of_hills, 4.4, 100, -5, 5),
    "10.05": walked(sgd(0.2), slope_of_hills, 4.4, 100, -5, 5),
    "10.06": walked(sgd(0.05)),
    "10.07": walked(sgd(0.45)),
    "10.08": walked(sgd(0.9)),
    "10.09": walked(sgd(0.9, decay=0.05)),
    "10.10": walked(sgd(1.25), start=3.0),
    "10.11": walked(sgd(1.05), steps=4, low=-6, high=6),
    "10.12": walked(sgd(0.02, momentum=0.9)),
    "10.13": walked(sgd(0.02, momentum=0.5)),
    "10.14": decays,
    "10.15": run(constant(0.85), 0.403, 1.091),
    "10.16": run(falling(1, 1e-2), 0.403, 1.095),
    "10.17": run(falling(1, 1e-3), 0.400, 1.088),
    "10.18": run(falling(1, 1e-3)),
    "10.19": run(falling(1, 1e-3), 0.443, 1.053),
    "10.20": run(falling(1, 1e-4)),
    "10.21": run(falling(0.001, 1e-4), 0.417, 1.077),
    "10.22": run(falling(0.02, 1e-5)),
    "10.23": run(falling(0.05, 5e-7)),
    "10.24": all_losses,
    "10.25": walked(adagrad(1.0)),
    "10.26": walked(rmsprop(0.05)),
    "10.27": walked(adam(0.8)),
}
