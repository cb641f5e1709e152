# Public names, listed once. Read at run time by _core/lazy.py.
from .encoding import Encoded as Encoded
from .encoding import Encoding as Encoding
from .encoding import learn_encoding as learn_encoding
