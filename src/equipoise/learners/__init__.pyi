# Public names, listed once. Read at run time by _core/lazy.py.
from .extra_trees import ExtraTreesLearner as ExtraTreesLearner
from .logistic import LogisticLearner as LogisticLearner
from .network import NetworkLearner as NetworkLearner
from .own_model import OwnModelLearner as OwnModelLearner
from .prior import PriorLearner as PriorLearner
from .registry import learner_for as learner_for
from .registry import scorer_from_state as scorer_from_state
from .resampled import ResampledLearner as ResampledLearner
from .resampled import resampled as resampled
from .trees import TreesLearner as TreesLearner
