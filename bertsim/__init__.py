"""How BERT compares two sentences: scores, and everything behind them.

import bertsim
model = bertsim.load()
model.score([("A dog barks.", "A dog is barking.")])
"""

from bertsim.errors import BertsimError
from bertsim.model.loading import load
from bertsim.model.similarity import SimilarityModel
from bertsim.version import __version__

__all__ = ["BertsimError", "SimilarityModel", "__version__", "load"]
