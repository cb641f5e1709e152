# Public names, listed once. Read at run time by _core/lazy.py.
from .scheme import Scheme as Scheme
from .schemes import class_weights as class_weights
from .schemes import example_weights as example_weights
from .schemes import keras_class_weight as keras_class_weight
from .schemes import scheme_names as scheme_names
