# Public names, listed once. Read at run time by _core/lazy.py.
from .associations import column_associations as column_associations
from .associations import columns_together as columns_together
from .fold_models import FoldModels as FoldModels
from .fold_models import ModelPart as ModelPart
from .importance import ColumnImportance as ColumnImportance
from .importance import Importance as Importance
from .permuted import permutation_importance as permutation_importance
