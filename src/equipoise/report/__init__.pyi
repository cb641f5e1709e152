# Public names, listed once. Read at run time by _core/lazy.py.
from .figures import figures as figures
from .render import render as render
