# Public names, listed once. Read at run time by _core/lazy.py.
from .learner_checks import LEARNER_CHECKS as LEARNER_CHECKS
from .learner_checks import LearnerCase as LearnerCase
from .learner_checks import check_learner as check_learner
from .loss_checks import LOSS_CHECKS as LOSS_CHECKS
from .loss_checks import check_loss as check_loss
from .metric_checks import METRIC_CHECKS as METRIC_CHECKS
from .metric_checks import check_metric as check_metric
from .network_checks import NETWORK_CHECKS as NETWORK_CHECKS
from .network_checks import check_network as check_network
from .sampler_checks import SAMPLER_CHECKS as SAMPLER_CHECKS
from .sampler_checks import check_sampler as check_sampler
from .scheme_checks import SCHEME_CHECKS as SCHEME_CHECKS
from .scheme_checks import check_scheme as check_scheme
from .strategy_checks import STRATEGY_CHECKS as STRATEGY_CHECKS
from .strategy_checks import check_strategy as check_strategy
from .synthesis_checks import SYNTHESIS_CHECKS as SYNTHESIS_CHECKS
from .synthesis_checks import check_synthesis as check_synthesis
