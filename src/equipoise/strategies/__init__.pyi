# Public names, listed once. Read at run time by _core/lazy.py.
from .blended import Blend as Blend
from .catalogue import as_strategies as as_strategies
from .catalogue import sweep_strategies as sweep_strategies
from .learner_records import LearnerRecord as LearnerRecord
from .strategy import Strategy as Strategy
from .tuned import Tuned as Tuned
