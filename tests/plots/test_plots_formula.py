"""Networks as formulas."""

from drawing import axes

import xpnn
from xpnn import plots


def test_a_formula_nests_layers():
    layers = [xpnn.Dense(2, 3), xpnn.Dense(3, 4), xpnn.Tanh(), xpnn.Dense(4, 1)]
    formula = plots.forward_formula(axes(), xpnn.Sequential(layers))
    inner = r"(X W_{1} + b_{1}) W_{2} + b_{2}"
    assert formula == rf"$\mathrm{{Tanh}}({inner}) W_{{3}} + b_{{3}}$"


def test_explained_it_has_a_line_for_each_layer_and_the_loss():
    drawn = axes()
    layers = [xpnn.Dense(2, 3), xpnn.Softmax()]
    model = xpnn.Sequential(layers).compile("categorical_cross_entropy", "sgd")
    plots.forward_formula(drawn, model, explained=True)
    said = [text.get_text() for text in drawn.texts]
    assert said[0::3] == [
        "$X$",
        "$Z_{1} = X W_{1} + b_{1}$",
        r"$Z_{2} = \mathrm{Softmax}(Z_{1})$",
        r"$L = \mathrm{CategoricalCrossEntropy}(Z_{2},\, y)$",
    ]
    assert said[2::3] == ["(n, 2)", "(n, 3)", "(n, 3)", "a number"]
    two = axes()
    plots.forward_formula(two, model, explained=True, lines=2)
    assert [text.get_position() for text in two.texts] == [
        text.get_position() for text in drawn.texts[:6]
    ]
    drawn.figure.canvas.draw()  # matplotlib can read it
