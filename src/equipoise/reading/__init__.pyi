# Public names, listed once. Read at run time by _core/lazy.py.
from .read import read_features as read_features
from .read import read_table as read_table
