# Public names, listed once. Read at run time by _core/lazy.py.
from .app import main as main
