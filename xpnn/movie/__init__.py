"""What `xpnn.callbacks.TrainingMovie` is made of: a film, a scene, and who writes its frames.

A scene is drawn once; from frame to frame its parts are given other numbers.  A frame is
written at once, so that a movie takes the memory of two frames, however long it is.
"""

from .checks import check_movie
from .film import Film
from .selection import moments, some_rows
from .slides import movie_of

__all__ = ["Film", "check_movie", "moments", "movie_of", "some_rows"]
