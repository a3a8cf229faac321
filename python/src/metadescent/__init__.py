"""Runs optimizers that metadescent has trained. This module needs NumPy only.

    optimizer = metadescent.load("general")
    state = optimizer.init({"kernel": kernel, "bias": bias})
    params = {"kernel": kernel, "bias": bias}
    updates, state = optimizer.update(gradients, state, params, learning_rate=0.01)
    kernel = kernel + updates["kernel"]

`metadescent.optax`, `metadescent.torch` and `metadescent.keras` are the same for JAX, PyTorch and Keras.
docs/weights-format.md in the repository specifies the files and every operation.
"""

from .files import Trained, WeightsError, open_trained, shipped
from .optimizer import LearnedOptimizer, Misfit, State, load

__version__ = "0.1.0"
__all__ = ["LearnedOptimizer", "Misfit", "State", "Trained", "WeightsError", "load", "open_trained", "shipped"]
