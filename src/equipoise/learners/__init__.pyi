# Public names, listed once. Read at run time by _core/lazy.py.
from .anomaly.autoencoder import AutoencoderLearner as AutoencoderLearner
from .anomaly.deep_sad import DeepSadLearner as DeepSadLearner
from .anomaly.dev_net import DevNetLearner as DevNetLearner
from .anomaly.isolation_forest import IsolationForestLearner as IsolationForestLearner
from .trees.extra import ExtraTreesLearner as ExtraTreesLearner
from .linear.logistic import LogisticLearner as LogisticLearner
from .network import NetworkLearner as NetworkLearner
from .user_model.model import UserModelLearner as UserModelLearner
from .prior import PriorLearner as PriorLearner
from .registry import learner_for as learner_for
from .registry import scorer_from_state as scorer_from_state
from .resampled.learner import ResampledLearner as ResampledLearner
from .resampled.learner import resampled as resampled
from .trees.histogram import TreesLearner as TreesLearner
