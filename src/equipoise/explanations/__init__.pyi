# Public names, listed once. Read at run time by _core/lazy.py.
from .associations import column_associations as column_associations
from .associations import columns_together as columns_together
from .fold_models import FoldModels as FoldModels
from .fold_models import ModelPart as ModelPart
from .importance import ColumnImportance as ColumnImportance
from .importance import Importance as Importance
from .permuted import permutation_importance as permutation_importance
from .reasons import Explanation as Explanation
from .reasons import explain_scores as explain_scores
from .sampled_shapley import SampledShapley as SampledShapley
from .sampled_shapley import shapley_by_sampling as shapley_by_sampling
from .exact_shapley import exact_contributions as exact_contributions
from .exact_shapley import is_exact as is_exact
from .tree_shapley import forest_shapley as forest_shapley
from .partial import PartialDependence as PartialDependence
from .partial import partial_dependence as partial_dependence
