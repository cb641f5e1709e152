# Public names, listed once. Read at run time by _core/lazy.py.
from .formats import export as export
from .keras import keras_model as keras_model
