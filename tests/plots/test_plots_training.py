"""The picture of a training."""

from drawing import HISTORY, POINTS, left_or_right
from processes import run_python

from xpnn.plots import picture_of_training


def test_a_picture_of_points_is_written(tmp_path):
    figure = picture_of_training(HISTORY, left_or_right, POINTS, names=("width", "height"))
    assert len(figure.axes) == 3
    assert (figure.axes[2].get_xlabel(), figure.axes[2].get_ylabel()) == ("width", "height")
    path = tmp_path / "picture.png"
    figure.savefig(path)
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_no_window_system_is_asked_for():
    done = run_python(
        """
        import sys
        from xpnn.plots import picture_of_training
        picture_of_training({"loss": [1.0]})
        print("matplotlib.pyplot" in sys.modules)
        """
    )
    assert done.stdout == "False\n"
