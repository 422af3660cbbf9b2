"""What a callback writes down of gradients, for pictures of them."""

import numpy as np
import pytest
from drawing import X, Y, axes, model
from support import host

import xpnn
from xpnn import plots
from xpnn.callbacks import GradientNorms


@pytest.mark.float64
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
