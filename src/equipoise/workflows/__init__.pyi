# Public names, listed once. Read at run time by _core/lazy.py.
from .compare import compare as compare
from .fit import Goal as Goal
from .fit import fit as fit
from .model import FittedModel as FittedModel
from .storage import load as load
from .trial import Trial as Trial
