# Public names, listed once. Read at run time by _core/lazy.py.
from .blended import Blend as Blend
from .catalogue import as_strategies as as_strategies
from .catalogue import sweep_strategies as sweep_strategies
from .jobs import Job as Job
from .jobs import Learner as Learner
from .jobs import Outcome as Outcome
from .jobs import Progress as Progress
from .jobs import Scorer as Scorer
from .strategy import Strategy as Strategy
