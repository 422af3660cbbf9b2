"""Where two backends part: the first output or gradient that differs by more than rounding.

One seed gives one run on every backend, to rounding.  Where it does not, somebody wants to
know which layer is to blame.  So each layer is compared *alone*: on every backend it is given
the very numbers that the first backend has there, its inputs on the way forwards and the
gradient of its outputs on the way back.  A layer that is wrong then differs, and the right
ones behind it do not.  Beside it stands how far the whole way has led apart until there.

How much is rounding?  A sum of n products is off by at most about n u times the sum of the
products' magnitudes, in whatever order it is computed, where u = eps / 2 is the largest
relative error of one operation (Higham, "Accuracy and Stability of Numerical Algorithms",
2002, section 3.1).  Two backends may each be so far off, in either direction: n eps.  To n are
added 16, for functions such as exp and tanh, which libraries compute to a few units of the
last place, and for the few operations beside the sum.  The magnitude of an array is the
largest that the layer computes when every number that goes in is replaced by its absolute
value, so that nothing cancels, or that is in the array itself; among gradients, also the
largest that comes back to the layer.  Mostly roundings cancel, and differences are far below;
but where the same number is added again and again they don't, so that a bound that counts on
it would raise false alarms.
"""

from .compare import compare_backends
from .parts import Comparison, Part

__all__ = ["Comparison", "Part", "compare_backends"]
