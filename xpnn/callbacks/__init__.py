"""What is told of a training while it runs, and what it may change.

Give callbacks to ``model.fit(callbacks=[...])``.  At each hook the model is whole: a callback
may read all of it.  What it may change is told at the hooks; what it remembers from one epoch
to the next it gives to checkpoints by `Callback.state`, so that a resumed run goes on as the
one that was interrupted would have.
"""

from ..hooks import Callback
from .checkpoint import Checkpoint
from .live import LivePlot
from .logs import CSVLogger, JSONLogger
from .mlflow import MLflow
from .monitors import EarlyStopping, ReduceOnPlateau
from .pictures import GradientNorms, TrainingMovie
from .progress import ProgressBar
from .pruning import Pruning
from .tensorboard import TensorBoard
from .time_budget import TimeBudget

__all__ = [
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "GradientNorms",
    "JSONLogger",
    "LivePlot",
    "MLflow",
    "ProgressBar",
    "Pruning",
    "ReduceOnPlateau",
    "TensorBoard",
    "TimeBudget",
    "TrainingMovie",
]
