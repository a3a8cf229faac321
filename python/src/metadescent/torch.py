"""Trained optimizers as PyTorch optimizers."""

from __future__ import annotations

import copy
from typing import Any, Callable, Iterable

import numpy as np
import torch

from .networks import Array, TensorState
from .optimizer import Group, LearnedOptimizer as Applied, load


class LearnedOptimizer(torch.optim.Optimizer):
    """A trained optimizer.

        optimizer = LearnedOptimizer(model.parameters(), "general", lr=0.01)

    params: tensors, dictionaries of groups, or `model.named_parameters()`, by whose names an optimizer with groups of its own
    tells tensors apart.
    source: as in `metadescent.load`.
    lr: multiplies the updates; by default the usual one, 1 for LSTMs and 0.001 for MLPs. Schedulers change it.
    weight_decay: decoupled, as in AdamW.
    maximize: ascends.

    States are fp32 whatever the parameters are. A parameter without a gradient stays as it is. Raises WeightsError, Misfit.
    """

    def __init__(
        self,
        params: Iterable[Any],
        source: Any = "general",
        lr: float | None = None,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        self.applied: Applied = load(source)
        rate = self.applied.usual_rate if lr is None else lr
        if rate < 0 or weight_decay < 0:
            raise ValueError(f"lr is {rate} and weight_decay {weight_decay}: both must be at least 0")
        defaults = {"lr": rate, "weight_decay": weight_decay, "maximize": maximize, "sha256": self.applied.trained.sha256}
        self._namespaces: dict[torch.device, _Namespace] = {}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        """One step. closure: computes the loss and its gradients, and returns the loss; so does this."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._step_group(group)
        return loss

    def _step_group(self, group: dict[str, Any]) -> None:
        params = dict(zip(self._names(group), group["params"], strict=True))
        for part, names in self.applied.parts(list(params)):
            own = [params[name] for name in names]
            if all(p.grad is None for p in own):
                continue
            if any(p.grad is None for p in own):
                raise ValueError("a gradient is missing: this optimizer sees all of its parameters at once")
            gradients = {name: self._gradient(params[name], group["maximize"]) for name in names}
            values = {name: params[name].float() for name in names}
            device = gradients[names[0]].device
            xp = self._namespaces.setdefault(device, _Namespace(device))
            state = self.state[own[0]]
            if not state:
                state["step"] = torch.zeros((), dtype=torch.float32)
                state["tensors"] = self._fresh(xp, part, gradients)
            directions, following = Applied.directions(
                xp, part.network, gradients, values, state["tensors"], int(state["step"]), names
            )
            state["tensors"] = following
            state["step"] += 1
            for name in names:
                update = directions[name] - group["weight_decay"] * values[name]
                # In fp32 until it is rounded, once.
                params[name].copy_(values[name] + group["lr"] * update)

    @staticmethod
    def _names(group: dict[str, Any]) -> list[str]:
        return list(group.get("param_names") or (str(at) for at in range(len(group["params"]))))

    @staticmethod
    def _gradient(p: torch.Tensor, maximize: bool) -> torch.Tensor:
        gradient = p.grad
        assert gradient is not None
        if gradient.is_sparse or gradient.is_complex():
            raise ValueError("sparse and complex gradients are not supported: use another optimizer for these parameters")
        return (-gradient if maximize else gradient).float()

    @staticmethod
    def _fresh(xp: _Namespace, part: Group, gradients: dict[str, torch.Tensor]) -> TensorState:
        all_of = list(gradients.values())
        shape = (sum(g.numel() for g in all_of),) if part.network.joint else tuple(all_of[0].shape)
        return part.network.init(xp, shape)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Bit for bit. Raises ValueError if the state belongs to another trained optimizer."""
        for group in state_dict["param_groups"]:
            if group.get("sha256") != self.applied.trained.sha256:
                raise ValueError("the state belongs to another trained optimizer: name the one that it was saved with")
        super().load_state_dict(state_dict)
        # PyTorch has cast the state to each parameter's type; it is fp32 whatever that is.
        ids = [one for group in state_dict["param_groups"] for one in group["params"]]
        params = [p for group in self.param_groups for p in group["params"]]
        for one, p in zip(ids, params, strict=True):
            saved = state_dict["state"].get(one)
            if saved:
                tensors = tuple(tensor.detach().clone().to(p.device) for tensor in saved["tensors"])
                self.state[p] = {"step": copy.deepcopy(saved["step"]), "tensors": tensors}


class _Namespace:
    """What the networks use of an array namespace, on a device."""

    float32 = torch.float32

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.constants: dict[tuple[int, tuple[int, ...]], tuple[np.ndarray, torch.Tensor]] = {}

    def asarray(self, values: np.ndarray) -> Array:
        # The array is kept, so that no other one takes its place in memory.
        place = (values.__array_interface__["data"][0], values.shape)
        if place not in self.constants:
            self.constants[place] = (values, torch.from_numpy(values.copy()).to(self.device))
        return self.constants[place][1]

    def zeros(self, shape: Any, dtype: Any) -> Array:
        return torch.zeros(shape, dtype=dtype, device=self.device)

    def tanh(self, x: Any) -> Array:
        return torch.tanh(x)

    exp = staticmethod(torch.exp)
    log = staticmethod(torch.log)
    sqrt = staticmethod(torch.sqrt)
    abs = staticmethod(torch.abs)
    sign = staticmethod(torch.sign)
    where = staticmethod(torch.where)
    reshape = staticmethod(torch.reshape)
    moveaxis = staticmethod(torch.moveaxis)
    broadcast_to = staticmethod(torch.broadcast_to)

    @staticmethod
    def clip(x: Array, low: float | None, high: float | None) -> Array:
        return torch.clamp(x, low, high)

    @staticmethod
    def concatenate(parts: list[Array], axis: int) -> Array:
        return torch.cat(parts, dim=axis)

    @staticmethod
    def mean(x: Array, axis: Any, keepdims: bool) -> Array:
        return torch.mean(x, dim=axis, keepdim=keepdims)
