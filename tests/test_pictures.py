"""Pictures of models and of optimizers, on every array library: what is drawn is what is."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure
from support import host

import xpnn
from xpnn import handmade, plots
from xpnn.callbacks import GradientNorms

rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, (30, 2))
Y = rng.integers(3, size=30)
W0, B0 = rng.normal(size=(2, 5)), rng.normal(size=5)
W1, B1 = rng.normal(size=(5, 3)), rng.normal(size=3)


def axes():
    return Figure().subplots()


def model(*middle):
    layers = [
        xpnn.Dense(2, 5, weights=W0, biases=B0),
        *(middle or [xpnn.ReLU()]),
        xpnn.Dense(5, 3, weights=W1, biases=B1),
        xpnn.Softmax(),
    ]
    network = xpnn.Sequential(layers, seed=0, dtype="float64")
    return network.compile("categorical_cross_entropy", xpnn.SGD(0.1))


def meshes(axes):
    return [c for c in axes.collections if type(c).__name__ == "QuadMesh"]


# ------------------------------------------------------------------------------- weights


def test_weight_maps_show_weights_and_biases(backend):
    figure = plots.weight_maps(model())
    first, second = (meshes(axes)[0] for axes in figure.axes[:2])
    shown = first.get_array()  # inputs downwards, neurons across
    np.testing.assert_array_equal(shown[:2], W0)
    assert shown.mask[2].all()
    np.testing.assert_array_equal(shown[3], B0)
    shown = second.get_array().T  # 5 inputs across, 3 neurons downwards
    np.testing.assert_array_equal(shown[:5], W1)
    np.testing.assert_array_equal(shown[6], B1)
    labels = [figure.axes[1].get_xlabel(), figure.axes[1].get_ylabel()]
    assert labels == ["input", "neuron"]
    # white is 0, and nothing is outside the scale
    for mesh, arrays in ((first, (W0, B0)), (second, (W1, B1))):
        low, high = mesh.get_clim()
        assert -low == high >= max(np.abs(array).max() for array in arrays)
        assert high < 1.7 * max(np.abs(array).max() for array in arrays)


def test_a_weight_map_is_brought_up_to_date():
    a = axes()
    update = plots.weight_map(a, W0, B0)
    (mesh,) = meshes(a)
    before = mesh.get_clim()
    update(W0 / 10, B0)
    np.testing.assert_array_equal(mesh.get_array()[:2], W0 / 10)
    assert mesh.get_clim() == before
    update(W0 * 10, B0)
    assert mesh.get_clim()[1] >= np.abs(W0 * 10).max()


@pytest.mark.parametrize("size", [1e-30, 0.5, 1.0, 1.2, 9.99, 1e6, 0.0])
def test_a_scale_holds_its_values(size):
    a = axes()
    plots.weight_map(a, np.full((1, 1), size), np.zeros(1))
    low, high = meshes(a)[0].get_clim()
    assert -low == high
    assert high >= size * (1 - 1e-8)
    assert high > 0


def test_maps_of_what_is_no_layer_are_refused():
    with pytest.raises(ValueError, match=r"\(n_inputs, n_outputs\) and \(n_outputs,\), got"):
        plots.weight_map(axes(), W0, B1)
    with pytest.raises(ValueError, match="must have a Dense layer, got Sequential"):
        plots.weight_maps(xpnn.Sequential([xpnn.ReLU()]))


# --------------------------------------------------------------------------- activations


def test_each_neuron_is_drawn_over_the_plane(backend):
    figure = plots.neuron_activations(model(), X, neurons=[4, 1], resolution=7)
    low, high = X.min(axis=0), X.max(axis=0)
    sides = np.linspace(low - 0.05 * (high - low), high + 0.05 * (high - low), 7)
    grid = np.stack(np.meshgrid(*sides.T), axis=-1).reshape(-1, 2)
    wanted = np.maximum(grid @ W0 + B0, 0)
    for panel, neuron in zip(figure.axes, (4, 1)):
        (image,) = panel.get_images()
        np.testing.assert_allclose(image.get_array().ravel(), wanted[:, neuron], atol=1e-12)
        assert image.get_clim() == pytest.approx((0, wanted[:, [4, 1]].max()))
        assert panel.get_title().split(":")[0] == str(neuron)


def test_a_layer_can_be_chosen_from_either_end():
    scores = plots.neuron_activations(model(), X, layer=2, resolution=5)
    same = plots.neuron_activations(model(), X, layer=-2, resolution=5)
    images = [figure.axes[0].get_images()[0] for figure in (scores, same)]
    np.testing.assert_array_equal(images[0].get_array(), images[1].get_array())
    low, high = images[0].get_clim()
    assert -low == high  # scores have both signs
    assert "layer 2, Dense" in scores.get_suptitle()


def test_a_silent_neuron_is_said_to_be():
    silent = xpnn.Dense(2, 2, weights=[[1.0, 0.0], [0.0, 0.0]], biases=[0.0, -1.0])
    network = xpnn.Sequential([silent, xpnn.ReLU()])
    titles = [a.get_title() for a in plots.neuron_activations(network, X).axes[:2]]
    assert titles == ["0", "1: all 0"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"X": X[:, :1]}, r"X must be points in the plane, of shape \(n, 2\), got \(30, 1\)"),
        ({"X": X * np.nan}, "X must hold finite numbers"),
        ({"layer": 4}, "layer must be < 4"),
        ({"layer": -5}, "layer must be an integer >= -4"),
        ({"neurons": [5]}, "neurons must be < 5"),
        ({"neurons": [-1]}, "neurons must be an integer >= 0"),
        ({"neurons": []}, "neurons must name at least one"),
        ({"resolution": 1}, "resolution must be an integer >= 2"),
    ],
)
def test_bad_settings_of_activations_are_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        plots.neuron_activations(model(), **{"X": X, **settings})


# ----------------------------------------------------------------------------- gradients


def finite_differences(network):
    """Return each parameter's gradient by central differences."""
    start = [host(p).copy() for p in network.parameters]
    grads = []
    for i, array in enumerate(start):
        grad = np.empty_like(array)
        for place in np.ndindex(array.shape):
            losses = []
            for step in (1e-5, -1e-5):
                moved = [p.copy() for p in start]
                moved[i][place] += step
                network.set_parameters(moved)
                losses.append(network.evaluate(X, Y)["loss"])
            grad[place] = (losses[0] - losses[1]) / 2e-5
        grads.append(grad)
    network.set_parameters(start)
    return grads


def test_gradient_norms_are_those_of_finite_differences(backend):
    network = model(xpnn.Tanh())
    a = axes()
    norms = plots.gradient_norms(a, network, X, Y)
    names = ["0.weights", "0.biases", "2.weights", "2.biases"]
    wanted = [np.linalg.norm(grad) for grad in finite_differences(network)]
    assert list(norms) == names
    np.testing.assert_allclose(list(norms.values()), wanted, rtol=1e-6)
    lines = {line.get_label(): line for line in a.get_lines()}
    np.testing.assert_array_equal(lines["weights"].get_xdata(), [0, 2])
    np.testing.assert_allclose(lines["weights"].get_ydata(), wanted[::2], rtol=1e-6)
    assert a.get_yscale() == "log"


def test_gradients_are_recorded_in_the_course_of_a_training(backend):
    network, recorded = model(), GradientNorms((X, Y), every=2)
    wanted = []

    class Independent(xpnn.Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch % 2:
                grads = self.model.gradients(X, Y)[1]
                sizes = self.model.parameters
                wanted.append(
                    [[np.linalg.norm(host(a)) for a in both] for both in (grads, sizes)]
                )

    network.fit(X, Y, epochs=5, callbacks=[Independent(), recorded])
    assert recorded.epochs == [0, 2, 4]
    names = ["0.weights", "0.biases", "2.weights", "2.biases"]
    for i, record in enumerate((recorded.norms, recorded.sizes)):
        assert list(record) == names
        shown = np.array(list(record.values()))[:, 1:]
        np.testing.assert_allclose(shown, np.array(wanted)[:, i].T, rtol=1e-12)

    a = axes()
    plots.gradient_history(a, recorded, relative=True)
    assert [line.get_label() for line in a.get_lines()] == ["layer 0", "layer 2"]
    np.testing.assert_array_equal(a.get_lines()[0].get_xdata(), recorded.epochs)
    np.testing.assert_allclose(
        a.get_lines()[1].get_ydata(),
        np.divide(recorded.norms["2.weights"], recorded.sizes["2.weights"]),
    )
    network.fit(X, Y, epochs=1, callbacks=[recorded])  # a training of its own
    assert recorded.epochs == [0]


def test_what_was_recorded_goes_on_when_a_run_is_resumed(tmp_path):
    def train(epochs, network, *others, **settings):
        recorded = GradientNorms()
        callbacks = [recorded, *others]
        network.fit(X, Y, epochs=epochs, batch_size=8, callbacks=callbacks, **settings)
        return recorded

    whole = train(4, model())
    train(2, model(), xpnn.callbacks.Checkpoint(tmp_path))
    resumed = train(4, model(), xpnn.callbacks.Checkpoint(tmp_path), resume=tmp_path)
    assert whole.epochs == resumed.epochs == [0, 1, 2, 3, 4]
    assert whole.norms == resumed.norms
    assert whole.sizes == resumed.sizes


def test_gradients_are_taken_on_some_rows_of_many():
    network, recorded = model(), GradientNorms((X, Y), rows=7)
    grads = network.gradients(X[::5], Y[::5])[1]
    network.fit(X, Y, callbacks=[recorded])
    assert recorded.norms["0.weights"][0] == pytest.approx(np.linalg.norm(grads[0]))


def test_a_gradient_whose_square_is_nothing_is_seen(backend):
    layers = [
        xpnn.Dense(2, 5, weights=W0),
        xpnn.Dense(5, 3, weights=1e-30 * W1),
        xpnn.Softmax(),
    ]
    network = xpnn.Sequential(layers).compile("categorical_cross_entropy", "sgd")
    norms = plots.gradient_norms(axes(), network, X, Y)
    assert 1e-32 < norms["0.weights"] < 1e-28  # in float32, whose squares end at 1e-45


def test_a_gradient_of_zero_is_a_cross_at_the_bottom():
    network = model(xpnn.Step())  # nothing goes back through a step
    a = axes()
    norms = plots.gradient_norms(a, network, X, Y)
    assert norms["0.weights"] == 0
    assert norms["2.weights"] > 0
    crosses = [line for line in a.get_lines() if line.get_marker() == "x"]
    assert len(crosses) == 2  # weights and biases
    np.testing.assert_array_equal(crosses[0].get_xydata(), [[0, 0]])


def test_bad_settings_of_gradients_are_refused():
    for settings, said in (
        ({"every": 0}, "every must be an integer >= 1, got 0"),
        ({"rows": 0}, "rows must be an integer >= 1, got 0"),
        ({"data": X}, r"data must be a pair \(X, y\), got a ndarray"),
    ):
        with pytest.raises(ValueError, match=said):
            GradientNorms(**settings)
    recorded = GradientNorms((X, Y))
    with pytest.raises(ValueError, match="recorded must hold at least one epoch"):
        plots.gradient_history(axes(), recorded)
    model().fit(X, Y, callbacks=[recorded])
    with pytest.raises(ValueError, match=r"kind must be one of \['biases', 'weights'\]"):
        plots.gradient_history(axes(), recorded, kind="weight")
    with pytest.raises(TypeError, match="relative must be True or False"):
        plots.gradient_history(axes(), recorded, relative=1)


# --------------------------------------------------------------------- walks of optimizers


def test_minima_are_where_the_polynomial_has_them(backend):
    # the derivative of the valley is x³ / 4 - x + 1 / 4
    roots = np.sort(np.roots([0.25, 0, -1, 0.25]).real)
    found = plots.minima(plots.valley, -3.5, 3.7)
    np.testing.assert_allclose(found, [roots[0], roots[2]], atol=1e-8)
    slopes = xpnn.calculus.derivative(plots.valley, found, method="central")
    np.testing.assert_allclose(slopes, 0, atol=1e-7)
    assert plots.valley(found[0]) < plots.valley(found[1])  # the lowest comes first
    assert plots.minima(lambda x: x, -1, 1).size == 0


def test_a_walk_is_that_of_the_rule(backend):
    places = plots.walk(plots.valley, 3.4, xpnn.SGD(0.02, momentum=0.9), 50)
    x, v, wanted = 3.4, 0.0, [3.4]
    for _ in range(50):
        v = 0.9 * v - 0.02 * (x**3 / 4 - x + 1 / 4)
        x += v
        wanted.append(x)
    np.testing.assert_allclose(places, wanted, atol=1e-6)


def test_a_walk_ends_where_numbers_do():
    places = plots.walk(plots.valley, 3.4, xpnn.SGD(10.0), 50)
    assert 1 < len(places) < 51
    assert np.isfinite(places).all()


def test_walks_are_drawn_with_minima_and_the_last_place():
    optimizers = {"slow": xpnn.SGD(0.002), "far": xpnn.SGD(10.0)}
    figure = plots.optimizer_walks(optimizers, steps=20)
    slow, far = figure.axes[:2]
    places = plots.walk(plots.valley, 3.4, xpnn.SGD(0.002), 20)
    balls, ring = slow.collections
    np.testing.assert_allclose(
        balls.get_offsets(), np.stack([places, plots.valley(places)], axis=1)
    )
    np.testing.assert_array_equal(balls.get_array(), np.arange(21))
    np.testing.assert_allclose(ring.get_offsets()[0], [places[-1], plots.valley(places[-1])])
    triangles = [line.get_xdata()[0] for line in slow.get_lines()[1:]]
    np.testing.assert_allclose(triangles, plots.minima(plots.valley, -3.5, 3.7))
    assert slow.get_title() == f"slow\nends at {places[-1]:.2f}"
    assert far.get_title() == "far\nleaves the picture"
    assert len(far.collections) == 1  # no ring


def test_bad_settings_of_walks_are_refused():
    for wrong, said in (
        ({"start": np.nan}, "start must be a finite number"),
        ({"steps": 0}, "steps must be an integer >= 1"),
    ):
        with pytest.raises(ValueError, match=said):
            plots.walk(**{"f": plots.valley, "start": 1.0, "optimizer": xpnn.SGD(), **wrong})
    with pytest.raises(TypeError, match="optimizer must be an Optimizer, got 'sgd'"):
        plots.walk(plots.valley, 1.0, "sgd")
    with pytest.raises(TypeError, match="optimizers must be a dict of titles and Optimizers"):
        plots.optimizer_walks([xpnn.SGD()])
    with pytest.raises(ValueError, match="high must be a finite number > 1, got 0"):
        plots.minima(plots.valley, 1, 0)
    with pytest.raises(ValueError, match=r"places must have the shape \(m,\)"):
        plots.optimizer_walk(axes(), plots.valley, [])


# ----------------------------------------------------------------------- a sine by hand


def sine(x):
    return np.sin(2 * np.pi * x)


def test_pairs_of_neurons_interpolate_between_knots(backend, dtype):
    knots = handmade.sine_knots(8)
    network = handmade.relu_pairs(sine, knots, dtype=dtype)
    x = np.linspace(-0.5, 1.5, 501)[:, None]
    wanted = np.interp(x, knots, sine(knots))  # which is flat outside, too
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(network.predict(x), wanted, atol=30 * eps)


def test_eight_pairs_come_as_near_as_chords_can():
    knots = handmade.sine_knots(8)
    x, wave = xpnn.datasets.sine(1000)
    figure = Figure()
    largest = plots.fitted_curve(
        figure.subplots(), handmade.relu_pairs(sine, knots).predict, x, wave
    )
    # a chord is off by length² / 8 of the second derivative at most (Taylor)
    bends = [4 * np.pi**2 * np.abs(sine(np.linspace(a, b))).max() for a, b in pairwise(knots)]
    assert largest <= (np.diff(knots) ** 2 / 8 * bends).max()
    assert largest == pytest.approx(
        np.abs(np.interp(x, knots, sine(knots)) - wave).max(), abs=1e-6
    )
    # and evenly spaced knots would be worse
    even = handmade.relu_pairs(sine, np.linspace(0, 1, 9))
    assert largest < np.abs(even.predict(x) - wave).max()


def test_the_curve_grows_piece_by_piece(backend):
    knots = handmade.sine_knots(8)
    network = handmade.relu_pairs(sine, knots, dtype="float64")
    x = np.linspace(0, 1, 101)[:, None]
    a = axes()
    curves = plots.contributions(a, network, x[::-1])
    assert curves.shape == (101, 9)
    assert len(a.get_lines()) == 9
    for count in range(9):  # with the first pairs, it follows the sine so far, and is flat then
        upto = np.minimum(x[:, 0], knots[count])
        wanted = np.interp(upto, knots, sine(knots))
        np.testing.assert_allclose(curves[:, count], wanted, atol=1e-12)
        np.testing.assert_array_equal(a.get_lines()[count].get_ydata(), curves[:, count])


def test_by_hand_beside_trained():
    x, wave = xpnn.datasets.sine(50)
    by_hand = handmade.relu_pairs(sine, handmade.sine_knots(4))
    layers = [xpnn.Dense(1, 3), xpnn.Tanh(), xpnn.Dense(3, 1)]
    trained = xpnn.Sequential(layers, seed=0)
    figure = plots.sine_by_hand(by_hand, trained, x, wave)
    for panel, network in zip(figure.axes[1::2], (by_hand, trained)):
        off = np.abs(network.predict(x) - wave).max()
        assert f"off by {off:.4f} at most" in panel.get_title()
        lines = {line.get_label(): line for line in panel.get_lines()}
        np.testing.assert_array_equal(lines["curve"].get_ydata(), wave[:, 0])
        np.testing.assert_array_equal(lines["network"].get_ydata(), network.predict(x)[:, 0])


def test_bad_settings_of_curves_are_refused():
    network = handmade.relu_pairs(sine, [0, 0.5, 1])
    with pytest.raises(ValueError, match=r"of one feature, of shape \(n, 1\), got \(30, 2\)"):
        plots.fitted_curve(axes(), network.predict, X, Y)
    with pytest.raises(ValueError, match="y must have as many rows as X, 30, got 29"):
        plots.fitted_curve(axes(), network.predict, X[:, :1], Y[1:])
    with pytest.raises(ValueError, match="end in a Dense layer of one output, got Sequential"):
        plots.contributions(axes(), model(), X[:, :1])
    for knots, said in (
        ([0], r"knots must have the shape \(k \+ 1,\), k > 0, got \(1,\)"),
        ([0, 1, 1], "knots must rise from one to the next; got 1.0 in row 2"),
        ([0, np.inf], "knots must hold finite numbers; got inf in row 1"),
    ):
        with pytest.raises(ValueError, match=said):
            handmade.relu_pairs(sine, knots)
    with pytest.raises(ValueError, match=r"f must give the shape of knots, \(2,\), got \(\)"):
        handmade.relu_pairs(lambda x: 1.0, [0, 1])
    with pytest.raises(ValueError, match="pieces must be an integer >= 1, got 0"):
        handmade.sine_knots(0)
