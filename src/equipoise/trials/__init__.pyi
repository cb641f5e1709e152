# Public names, listed once. Read at run time by _core/lazy.py.
from .trial import TrialRecord as TrialRecord
from .protocol import Protocol as Protocol
