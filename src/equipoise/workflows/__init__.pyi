# Public names, listed once. Read at run time by _core/lazy.py.
from .compare import compare as compare
from .trial import Trial as Trial
