"""Twenty steps of first-order optimizers on recorded gradients: PyTorch's where it has the method, else plain NumPy.
Also schedules of PyTorch, and optima of SciPy. Writes first_order.json beside itself.

Run with torch 1.13, scipy 1.10: python3 test/reference/first_order.py
"""

import json
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import least_squares, minimize, rosen, rosen_der

rng = np.random.default_rng(7)
start = [rng.normal(size=(2, 3)).round(3), rng.normal(size=3).round(3)]
gradients = [[rng.normal(size=(2, 3)).round(3), rng.normal(size=3).round(3)] for _ in range(20)]


def with_torch(make):
    params = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in start]
    optimizer = make(params)
    for g in gradients:
        for p, gi in zip(params, g):
            p.grad = torch.tensor(gi, dtype=torch.float64)
        optimizer.step()
    return [p.detach().numpy().tolist() for p in params]


def lamb(lr, b1=0.9, b2=0.999, eps=1e-6, wd=0.01):
    x = [p.copy() for p in start]
    m = [np.zeros_like(p) for p in start]
    v = [np.zeros_like(p) for p in start]
    for t, g in enumerate(gradients, 1):
        for i in range(len(x)):
            m[i] = b1 * m[i] + (1 - b1) * g[i]
            v[i] = b2 * v[i] + (1 - b2) * g[i] ** 2
            u = m[i] / (1 - b1**t) / (np.sqrt(v[i] / (1 - b2**t)) + eps) + wd * x[i]
            size, length = min(np.linalg.norm(x[i]), 10.0), np.linalg.norm(u)
            trust = size / length if size > 0 and length > 0 else 1.0
            x[i] = x[i] - lr * trust * u
    return [p.tolist() for p in x]


def lars(lr, mu=0.9, trust=1e-3, wd=0.0):
    x = [p.copy() for p in start]
    m = [np.zeros_like(p) for p in start]
    for g in gradients:
        for i in range(len(x)):
            size = np.linalg.norm(x[i])
            local = trust * size / (np.linalg.norm(g[i]) + wd * size)
            m[i] = mu * m[i] + lr * local * (g[i] + wd * x[i])
            x[i] = x[i] - m[i]
    return [p.tolist() for p in x]


def lion(lr, b1=0.9, b2=0.99, wd=0.0):
    x = [p.copy() for p in start]
    m = [np.zeros_like(p) for p in start]
    for g in gradients:
        for i in range(len(x)):
            x[i] = x[i] - lr * (np.sign(b1 * m[i] + (1 - b1) * g[i]) + wd * x[i])
            m[i] = b2 * m[i] + (1 - b2) * g[i]
    return [p.tolist() for p in x]


def nadam(lr=2e-3, b1=0.9, b2=0.999, eps=1e-8):
    """As PyTorch since 2.0; 1.13 multiplies the decay of the step into the next product twice."""
    x = [p.copy() for p in start]
    m = [np.zeros_like(p) for p in start]
    v = [np.zeros_like(p) for p in start]
    product = 1.0
    for t, g in enumerate(gradients, 1):
        mu = b1 * (1 - 0.5 * 0.96 ** (t * 0.004))
        mu_next = b1 * (1 - 0.5 * 0.96 ** ((t + 1) * 0.004))
        product *= mu
        for i in range(len(x)):
            m[i] = b1 * m[i] + (1 - b1) * g[i]
            v[i] = b2 * v[i] + (1 - b2) * g[i] ** 2
            m_hat = mu_next * m[i] / (1 - product * mu_next) + (1 - mu) * g[i] / (1 - product)
            x[i] = x[i] - lr * m_hat / (np.sqrt(v[i] / (1 - b2**t)) + eps)
    return [p.tolist() for p in x]


o = torch.optim
steps = {
    "sgd": with_torch(lambda p: o.SGD(p, lr=0.05)),
    "sgdMomentum": with_torch(lambda p: o.SGD(p, lr=0.05, momentum=0.9, dampening=0.3, weight_decay=0.1)),
    "sgdNesterov": with_torch(lambda p: o.SGD(p, lr=0.05, momentum=0.9, nesterov=True)),
    "rmsprop": with_torch(lambda p: o.RMSprop(p)),
    "rmspropCentered": with_torch(lambda p: o.RMSprop(p, lr=0.02, alpha=0.9, eps=1e-4, momentum=0.8, centered=True)),
    "adagrad": with_torch(lambda p: o.Adagrad(p, lr=0.1, initial_accumulator_value=0.2)),
    "adadelta": with_torch(lambda p: o.Adadelta(p, lr=0.7, rho=0.8)),
    "adam": with_torch(lambda p: o.Adam(p, lr=0.02)),
    "adamw": with_torch(lambda p: o.AdamW(p, lr=0.02, weight_decay=0.3)),
    "amsgrad": with_torch(lambda p: o.Adam(p, lr=0.02, betas=(0.8, 0.9), amsgrad=True)),
    "nadam": nadam(),
    "radam": with_torch(lambda p: o.RAdam(p, lr=0.02, betas=(0.9, 0.95))),
    "lamb": lamb(0.05, wd=0.1),
    "lars": lars(0.5, trust=0.1, wd=0.01),
    "lion": lion(0.01, wd=0.2),
}


def schedule(make, count):
    p = [torch.zeros(1, requires_grad=True)]
    optimizer = o.SGD(p, lr=0.5)
    s = make(optimizer)
    values = []
    for _ in range(count):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        s.step()
    return values


L = o.lr_scheduler
schedules = {
    "oneCycle": schedule(lambda x: L.OneCycleLR(x, max_lr=0.5, total_steps=21), 20),
    "step": schedule(lambda x: L.StepLR(x, 4, 0.3), 20),
    "cosine": schedule(lambda x: L.CosineAnnealingLR(x, 15, 0.1), 16),
    "polynomial": schedule(lambda x: L.PolynomialLR(x, 12, 2.0), 20),
}

t = np.linspace(0, 4, 25)
y = (2.5 * np.exp(-1.3 * t) + 0.5 + 0.05 * rng.normal(size=25)).round(5)
decay = least_squares(lambda p: p[0] * np.exp(-p[1] * t) + p[2] - y, [1.0, 1.0, 0.0], method="lm", xtol=1e-14, ftol=1e-14, gtol=1e-14)
powell = least_squares(
    lambda x: [x[0] + 10 * x[1], np.sqrt(5) * (x[2] - x[3]), (x[1] - 2 * x[2]) ** 2, np.sqrt(10) * (x[0] - x[3]) ** 2],
    [3.0, -1.0, 0.0, 1.0], method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15,
)
x0 = [-1.2, 1.0, -0.5, 0.8, 1.1, 0.3]
rosenbrock = minimize(rosen, x0, jac=rosen_der, method="L-BFGS-B", options={"maxcor": 10, "gtol": 1e-9, "ftol": 1e-16})
kink = minimize(lambda x: np.abs(x - 2).sum(), np.zeros(3), method="Nelder-Mead", options={"adaptive": True})
Path(__file__).with_suffix(".json").write_text(
    json.dumps(
        {
            "start": [x.tolist() for x in start],
            "gradients": [[x.tolist() for x in g] for g in gradients],
            "steps": steps,
            "schedules": schedules,
            "decay": {"t": t.tolist(), "y": y.tolist(), "x": decay.x.tolist(), "value": float(decay.cost)},
            "kink": {"x": kink.x.tolist(), "evaluations": int(kink.nfev)},
            "powell": {"value": float(powell.cost)},
            "rosenbrock": {"x0": x0, "x": rosenbrock.x.tolist(), "evaluations": int(rosenbrock.nfev)},
        }
    )
    + "\n"
)
