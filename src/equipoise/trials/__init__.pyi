# Public names, listed once. Read at run time by _core/lazy.py.
from .trial import Trial as Trial
