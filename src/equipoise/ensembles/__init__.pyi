# Public names, listed once. Read at run time by _core/lazy.py.
from .blend import blend as blend
from .selection import select as select
