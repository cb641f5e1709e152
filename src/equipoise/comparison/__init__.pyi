# Public names, listed once. Read at run time by _core/lazy.py.
from .bayesian import Beliefs as Beliefs
from .bayesian import bayesian_correlated_t as bayesian_correlated_t
from .bayesian import bayesian_signed_rank as bayesian_signed_rank
from .correction import holm as holm
from .correction import simultaneous_level as simultaneous_level
from .letters import letter_groups as letter_groups
from .paired import PairedTest as PairedTest
from .paired import nadeau_bengio as nadeau_bengio
from .power import detectable_difference as detectable_difference
from .tables import OverTables as OverTables
from .tables import over_tables as over_tables
from .tables import ranks_with_ties as ranks_with_ties
from .tables import wilcoxon_holm as wilcoxon_holm
from .verdict import ArmVerdict as ArmVerdict
from .verdict import Verdict as Verdict
from .verdict import judge as judge
from .verdict import judge_differences as judge_differences
