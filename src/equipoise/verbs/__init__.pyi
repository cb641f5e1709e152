# Public names, listed once. Read at run time by _core/lazy.py.
from .compare import compare as compare
from .evaluate import evaluate as evaluate
from .fit import fit as fit
from .predict import Predicted as Predicted
from .predict import predict_file as predict_file
