# Public names, listed once. Read at run time by _core/lazy.py.
from .adasyn import Adasyn as Adasyn
from .augmented import AugmentedModel as AugmentedModel
from .balanced_mixup import BalancedMixup as BalancedMixup
from .borderline import BorderlineSmote as BorderlineSmote
from .borderline import BorderlineSmote2 as BorderlineSmote2
from .hidden import HiddenMixup as HiddenMixup
from .hidden import HiddenSmote as HiddenSmote
from .jitter import Jitter as Jitter
from .label_smote import LabelSmote as LabelSmote
from .mixup import Mixup as Mixup
from .remix import Remix as Remix
from .smote import Smote as Smote
from .syntheses import make_synthesis as make_synthesis
from .syntheses import synthesis_names as synthesis_names
from .syntheses import synthesis_options as synthesis_options
from .synthesis import Neighbours as Neighbours
from .synthesis import Synthesis as Synthesis
