"""Trajectories of Adam for test/optim, by NumPy in double precision. Writes adam.json beside itself.

Algorithm 1 of Kingma and Ba (2015), in the order in which the paper states it; deliberately plain.
Run with Python 3 (numpy 1.24): python3 test/reference/adam.py
"""

import json
from pathlib import Path

import numpy as np

TARGET = np.array([1.0, -2.0, 0.5])
CURVATURE = np.array([10.0, 1.0, 0.1])


def gradient(x):
    """Of sum(curvature * (x - target)^2) / 2 + (x0 * x1)^2 / 4."""
    g = CURVATURE * (x - TARGET)
    g[0] += x[0] * x[1] ** 2 / 2
    g[1] += x[1] * x[0] ** 2 / 2
    return g


def run(rate, beta1, beta2, epsilon, steps):
    x = np.array([0.3, 0.7, -1.1])
    m = np.zeros(3)
    v = np.zeros(3)
    path = []
    for t in range(1, steps + 1):
        g = gradient(x)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        x = x - rate(t - 1) * m_hat / (np.sqrt(v_hat) + epsilon)
        path.append(x.tolist())
    return path


constant = lambda value: lambda step: value
cases = {
    "default": run(constant(0.05), 0.9, 0.999, 1e-8, 40),
    "otherBetas": run(constant(0.02), 0.5, 0.9, 1e-3, 40),
    "noMomentum": run(constant(0.05), 0.0, 0.99, 1e-8, 20),
    "linear": run(lambda s: 0.1 * (1 - min(s, 30) / 30) + 0.01 * min(s, 30) / 30, 0.9, 0.999, 1e-8, 40),
    "cosine": run(
        lambda s: 0.01 + 0.09 * (1 + np.cos(np.pi * min(s, 30) / 30)) / 2, 0.9, 0.999, 1e-8, 40
    ),
    "exponential": run(lambda s: 0.1 * 0.5 ** (s / 10), 0.9, 0.999, 1e-8, 40),
}
Path(__file__).with_name("adam.json").write_text(json.dumps(cases) + "\n")
