"""A page on this machine on which one sees a training happen: `xpnn play`.

What is chosen becomes a `Session`: data, a network in training, and the Python that does the
same.  That needs no page.  A `Runner` trains it in a thread and makes pictures of it; a server
(extra ``play``) shows them.
"""

from .choices import Choices
from .session import Session

__all__ = ["Choices", "Session"]
