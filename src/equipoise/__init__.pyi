# Public names, in the order of the flow. Read at run time by _core/lazy.py.
from .metrics.estimate import Estimate as Estimate
from .table.table import Table as Table
from .table.read import read_features as read_features
from .table.read import read_table as read_table
from .diagnosis.diagnosis import Diagnosis as Diagnosis
from .diagnosis.diagnosis import diagnose as diagnose
from .diagnosis.finding import Finding as Finding
from .strategies.catalogue import as_strategies as as_strategies
from .strategies.catalogue import catalogue as catalogue
from .strategies.catalogue import sweep_strategies as sweep_strategies
from .strategies.strategy import Strategy as Strategy
from .learners.resampled import resampled as resampled
from .evaluation.arrays import evaluate as evaluate
from .evaluation.evaluation import Evaluation as Evaluation
from .workflows.compare import compare as compare
from .workflows.trial import Trial as Trial
