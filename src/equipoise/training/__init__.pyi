# Public names, listed once. Read at run time by _core/lazy.py.
from .scorer import NetworkScorer as NetworkScorer
from .settings import TrainingSettings as TrainingSettings
