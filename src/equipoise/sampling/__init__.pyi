# Public names, listed once. Read at run time by _core/lazy.py.
from .balanced import Balanced as Balanced
from .bootstrap import Bootstrap as Bootstrap
from .draw import Draw as Draw
from .feeds.arrays import Feed as Feed
from .feeds.arrays import feed_from as feed_from
from .natural import Natural as Natural
from .oversample import Oversample as Oversample
from .rate import Rate as Rate
from .sampler import Sampler as Sampler
from .feeds.arrays import steps_per_epoch as steps_per_epoch
from .samplers import make_sampler as make_sampler
from .samplers import sampler_names as sampler_names
from .samplers import sampler_options as sampler_options
from .square_root import SquareRoot as SquareRoot
from .stratified import Stratified as Stratified
from .undersample import Undersample as Undersample
