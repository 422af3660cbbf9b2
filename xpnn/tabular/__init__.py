"""The best net for a table: members that are cross-fitted and averaged, and their recipe.

`Recipe` says how a network is made and trained; `fit_members` trains several, each of which
leaves out another part of the rows, on which it is measured; `Ensemble` is what comes of it.
`xpnn.sklearn.TabularClassifier` and ``xpnn train`` are its faces.
"""

from .ensemble import Ensemble
from .files import load, save
from .recipe import PRESETS, Recipe

__all__ = ["PRESETS", "Ensemble", "Recipe", "load", "save"]
