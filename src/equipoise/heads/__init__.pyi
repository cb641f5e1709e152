# Public names, listed once. Read at run time by _core/lazy.py.
from .splitting import FeatureSplit as FeatureSplit
from .splitting import split_at_features as split_at_features
from .train import train_heads as train_heads
from .head import Head as Head
from .closed_forms import nearest_means as nearest_means
from .closed_forms import tau_normalised as tau_normalised
from .scales import learned_scales as learned_scales
