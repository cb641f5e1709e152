# Public names, listed once. Read at run time by _core/lazy.py.
from .container import read_bundle as read_bundle
from .container import write_bundle as write_bundle
from .keras_file import check_keras_file as check_keras_file
from .state import pack as pack
from .state import unpack as unpack
from .goal import Goal as Goal
from .model import ModelRecord as ModelRecord
