# Public names, listed once. Read at run time by _core/lazy.py.
from .arrays import evaluate as evaluate
from .cross_validation import Arm as Arm
from .cross_validation import CrossValidated as CrossValidated
from .cross_validation import cross_validated as cross_validated
from .evaluation import Confusion as Confusion
from .evaluation import Evaluation as Evaluation
