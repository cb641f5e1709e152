# Public names, listed once. Read at run time by _core/lazy.py.
from .compare import compare as compare
from .trial import Trial as Trial
from .fit import fit as fit
from .model import FittedModel as FittedModel
from .model import load as load
from .evaluate import evaluate as evaluate
from .predict import Predicted as Predicted
from .predict import predict_file as predict_file
from .estimator import EquipoiseClassifier as EquipoiseClassifier
