"""PyTorch: eager, and torch.compile.

Its forms:

    eager           the unroll on one autograd tape, [N, units]
    eager-columns   the same with coordinates as columns, [units, N]
    sequence        the unroll without a tape, ∇f recorded; then one nn.LSTM over the recorded sequence, and back
    compile-step    torch.compile of the network's step, recorded on autograd's tape
    compile-unroll  torch.compile of the whole unroll, its steps written out
    …+columns       coordinates as columns
    …+passive       threads that wait for each other sleep instead of spinning
"""

import os

from common import digits, feeds, fixture_of, initial_weights, problem_of, read_case, report, split_weights, time_meta_steps
from common import CLASSES, HIDDEN, PIXELS

case = read_case()
os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.path.join(case["cache"], "inductor")
if "passive" in case["form"].split("+"):
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
# Compile in this process: worker processes would outlive it and count as its memory.
os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"

import math

import numpy as np
import torch
from torch.nn import functional as F

torch.set_num_threads(len(os.sched_getaffinity(0)))
optimizer, steps, problem = case["optimizer"], case["steps"], problem_of(case)
kind, *options = case["form"].split("+")
columns = "columns" in options


def preprocess(g):
    """[N] → [N, inputs], or [inputs, N]"""
    spec, axis = optimizer["preprocess"], 0 if columns else 1
    if spec["name"] == "none":
        return g.unsqueeze(axis)
    k = spec["k"]
    return torch.stack([(torch.log(g.abs() + 2**-23) / k).clamp(min=-1), (g * math.exp(k)).clamp(-1, 1)], axis)


def affine(x, kernel, bias):
    return torch.addmm(bias[:, None], kernel.t(), x) if columns else torch.addmm(bias, x, kernel)


def step(weights, g, state):
    """m(∇, h, φ): the update [N] and the next state [h, c, h, c, …]."""
    x, following, axis = preprocess(g), [], 0 if columns else 1
    first = 0
    if optimizer["inputProjection"] is not None:
        x, first = affine(x, *weights[0]), 1
    for layer, (kernel, bias) in enumerate(weights[first:-1]):
        h, c = state[2 * layer], state[2 * layer + 1]
        i, f, g_, o = affine(torch.cat([x, h], axis), kernel, bias).chunk(4, axis)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g_)
        x = torch.sigmoid(o) * torch.tanh(c)
        following += [x, c]
    return optimizer["outputScale"] * affine(x, *weights[-1]).flatten(), following


def losses_and_gradient(theta, data, t):
    """f(θ) [B] and ∇f(θ) [B, d] for θ [B, d], written out, so that they need no tape."""
    if problem == "parabola":
        scaled = data["s"] * theta
        return (scaled**2).sum(1), 2 * scaled * data["s"]
    if problem == "quadratic":
        residual = torch.bmm(data["W"], theta[..., None])[..., 0] - data["y"]
        return (residual**2).sum(1), 2 * torch.bmm(data["W"].mT, residual[..., None])[..., 0]
    at = data["batch"][t]
    first, second = PIXELS * HIDDEN, (PIXELS + 1) * HIDDEN
    last = second + HIDDEN * CLASSES
    theta = theta[0]
    x, truth = images[at].float() / 255, labels[at]
    inner, outer = theta[:first].view(PIXELS, HIDDEN), theta[second:last].view(HIDDEN, CLASSES)
    hidden = torch.sigmoid(torch.addmm(theta[first:second], x, inner))
    logarithms = F.log_softmax(torch.addmm(theta[last:], hidden, outer), 1)
    d_logits = (logarithms.exp() - F.one_hot(truth, CLASSES)) / len(truth)
    d_hidden = d_logits @ outer.t() * hidden * (1 - hidden)
    parts = (x.t() @ d_hidden).flatten(), d_hidden.sum(0), (hidden.t() @ d_logits).flatten(), d_logits.sum(0)
    return F.nll_loss(logarithms, truth)[None], torch.cat(parts)[None]


if problem == "mnist":
    images, labels = (torch.from_numpy(a) for a in digits(case["digits"]))
    labels = labels.long()


def zero_state(n):
    return [torch.zeros((u, n) if columns else (n, u)) for u in optimizer["layers"] for _ in "hc"]


network = torch.compile(step, dynamic=False) if kind == "compile-step" else step


def unroll(phi, data):
    """A surrogate whose gradient is the meta-gradient with second derivatives dropped, and the mean losses [T]."""
    weights = split_weights(phi, optimizer)
    theta = data["start"]
    state, slope, losses = zero_state(theta.numel()), 0.0, []
    for t in range(steps):
        with torch.no_grad():
            f, gradient = losses_and_gradient(theta.detach(), data, t)
        losses.append(f.mean())
        # Its derivative by θ is ∇f, so back-propagation does not go through f.
        slope = slope + (gradient * theta).sum()
        update, state = network(weights, gradient.flatten(), state)
        theta = theta + update.view_as(theta)
    return slope / len(theta), torch.stack(losses).detach()


def sequence_unroll(phi, data):
    """The same with nn.LSTM's operation over the whole sequence, once its inputs are known."""
    weights = split_weights(phi, optimizer)
    theta = data["start"]
    gradients, losses = [], []
    with torch.no_grad():
        state = zero_state(theta.numel())
        for t in range(steps):
            f, gradient = losses_and_gradient(theta, data, t)
            losses.append(f.mean())
            gradients.append(gradient.flatten())
            update, state = step(weights, gradients[-1], state)
            theta = theta + update.view_as(theta)
        # Update t moves θ_s for every s > t.
        upstream = torch.stack(gradients[1:] + [torch.zeros_like(gradients[0])]).flip(0).cumsum(0).flip(0)
    x = torch.stack([preprocess(g) for g in gradients])
    lstm = list(weights)
    if optimizer["inputProjection"] is not None:
        kernel, bias = lstm.pop(0)
        x = x @ kernel + bias
    kernel, bias = lstm.pop()
    flat = []
    for k, b in lstm:
        units = k.shape[1] // 4
        flat += [k[:-units].t(), k[-units:].t(), b, torch.zeros_like(b)]
    zeros = torch.zeros(len(lstm), x.shape[1], optimizer["layers"][0])
    h = torch.lstm(x, [zeros, zeros], flat, True, len(lstm), 0.0, True, False, False)[0]
    update = optimizer["outputScale"] * (h @ kernel + bias)[..., 0]
    return (update * upstream).sum() / len(theta), torch.stack(losses)


loss_of = sequence_unroll if kind == "sequence" else unroll
if kind == "compile-unroll":
    loss_of = torch.compile(unroll, dynamic=False)


def gradient_of(phi, data):
    slope, losses = loss_of(phi, data)
    (gradient,) = torch.autograd.grad(slope, phi)
    return losses, gradient


inputs = [{name: torch.from_numpy(a) for name, a in feed.items()} for feed in feeds(case)]
for feed in inputs:
    if "batch" in feed:
        feed["batch"] = feed["batch"].long()
version = f"torch {torch.__version__}"
if case.get("fixture"):
    phi = torch.tensor(fixture_of(case)["phi"], dtype=torch.float32, requires_grad=True)
    losses, gradient = gradient_of(phi, inputs[0])
    report(version=version, losses=losses.tolist(), gradient=gradient.tolist())
else:
    phi = torch.from_numpy(initial_weights(optimizer)).requires_grad_()
    adam = torch.optim.Adam([phi], lr=case["learningRate"], fused=True)

    def timed(data):
        losses, phi.grad = gradient_of(phi, data)
        adam.step()
        losses.numpy()

    report(version=version, **time_meta_steps(case, timed, inputs))
