"""What the command says of bad input: one sentence, before any work."""

import pytest
from command_line import refused, run, write_shapes
from matplotlib.backends.backend_agg import FigureCanvasAgg

pytestmark = pytest.mark.usefixtures("folder")

# since 3.11 Matplotlib writes GIF files
NO_PICTURE_OF_BOTH = (
    "--movie must not be --plot" if "gif" in FigureCanvasAgg.filetypes else "must end in .eps"
)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train", "Missing argument 'DATA'"),
        ("train digit", "unknown data 'digit'; did you mean 'digits'?"),
        ("train digits --epoch-count 3", "No such option"),
        ("teach digits", "No such command 'teach'"),
        ("train digits --target y", "--target is for tables"),
        ("train digits --task regression", "--task is for tables"),
        ("train digits --preset fast", "--preset is for tables; digits has its classes"),
        ("train digits --drop x", "--drop is for tables"),
        ("train digits --no-baselines", "--baselines is for tables"),
        ("train digits --hidden 10,x", "--hidden must be sizes of at least 1"),
        ("train digits --hidden 10,-1", "--hidden must be sizes of at least 1"),
        ("train digits --activation relo", "unknown activation 'relo'; did you mean 'relu'?"),
        ("train digits --optimizer adamm", "unknown optimizer 'adamm'; did you mean 'Adam'?"),
        (
            "train digits --learning-rate 0",
            "learning_rate must be a finite number > 0, got 0.0",
        ),
        (
            "train digits --learning-rate nan",
            "learning_rate must be a finite number > 0, got nan",
        ),
        ("train digits --learning-rate fast", "'fast' is not a valid float"),
        ("train digits --decay -1", "decay must be a finite number >= 0"),
        ("train digits --momentum 0.9", "--momentum is a setting of sgd"),
        ("train digits --momentum 0.9", "but the optimizer is adam"),
        ("train spiral --momentum 1", "momentum must be a finite number >= 0 and < 1"),
        ("train spiral --optimizer rmsprop --momentum 0.5", "but the optimizer is rmsprop"),
        ("train digits --epochs 0", "--epochs must be an integer >= 1, got 0"),
        ("train digits --batch-size -5", "--batch-size must be a number of rows, or 'all'"),
        ("train digits --dropout 1", "--dropout must be a finite number >= 0 and < 1, got 1.0"),
        ("train digits --l2 -1", "--l2 must be a finite number >= 0, got -1.0"),
        ("train digits --patience 0", "--patience must be an integer >= 1, got 0"),
        (
            "train digits --patience 3 --validation-split 0",
            "--patience needs rows to measure: give --validation-split",
        ),
        ("train digits --seed -1", "--seed must be an integer >= 0, got -1"),
        (
            "train digits --validation-split 1",
            "--validation-split must be a finite number >= 0",
        ),
        ("train digits --output nowhere/model", "--output: there is no folder 'nowhere'"),
        ("train digits --output .", "--output must be a file, but '.' is a folder"),
        ("train digits --plot curves.doc", "must end in"),
        ("train digits --plot model.safetensors", "--plot must not be --output"),
        ("train digits --movie a.avi", "must end in .gif or .mp4"),
        ("train digits --movie-panels loss", "--movie-panels says what a movie shows: give"),
        (
            "train digits --movie a.gif --movie-panels los",
            "--movie-panels: panels must be some",
        ),
        ("train digits --movie a.gif --movie-panels ,", "'updates', each once, got ['', '']"),
        ("train digits --plot a.gif --movie a.gif", NO_PICTURE_OF_BOTH),
        ("train digits --output a.gif --movie a.gif", "--movie must not be --output"),
        ("train digits --backend numpi", "unknown backend 'numpi'; did you mean 'numpy'?"),
        ("train digits --backend numpy:gpu!", "NumPy has no device 'gpu'"),
        ("evaluate nowhere digits", "there is no file nowhere"),
        ("predict nowhere some.csv", "there is no file nowhere"),
        ("backends --backend numpi", "did you mean 'numpy'?"),
    ],
)
def test_bad_input_is_told_in_one_sentence_before_any_work(monkeypatch, words, said):
    def never(*args, **kwargs):
        raise AssertionError("something slow began")

    monkeypatch.setattr("xpnn.datasets.digits", never)
    monkeypatch.setattr("xpnn.model.Sequential.fit", never)
    assert said in refused(*words.split())


def test_the_data_is_not_overwritten(folder):
    write_shapes()
    words = ("train", "shapes.csv", "--target", "shape", "--output", "./shapes.csv")
    assert "--output must not be the data" in refused(*words)
    run("train", "shapes.csv", "--target", "shape", "--epochs", 1, "--no-baselines")
    words = ("predict", "model.safetensors", "shapes.csv", "--output")
    assert "--output must not be the data" in refused(*words, "shapes.csv")
    assert "--output must not be the model" in refused(*words, "model.safetensors")


def test_a_fallback_is_one_line():
    result = run("train", "vertical", "--epochs", 1, "--backend", "numpy:gpu")
    assert result.stderr.startswith(
        "Warning: the backend 'numpy:gpu' is not usable here: NumPy"
    )
    assert result.stderr.count("\n") == 1
    assert "with numpy on cpu" in result.stdout
