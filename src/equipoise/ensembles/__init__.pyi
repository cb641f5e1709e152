# Public names, listed once. Read at run time by _core/lazy.py.
from .blend import blend as blend
