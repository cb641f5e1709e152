# Public names, listed once. Read at run time by _core/lazy.py.
from .mixup import Mixup as Mixup
from .smote import Smote as Smote
from .syntheses import make_synthesis as make_synthesis
from .syntheses import synthesis_names as synthesis_names
from .syntheses import synthesis_options as synthesis_options
from .synthesis import Neighbours as Neighbours
from .synthesis import Synthesis as Synthesis
