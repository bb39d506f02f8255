"""Values of functions that the compiler fuses, by NumPy in float64: writes compiled.json beside this script."""

import json
from pathlib import Path

import numpy as np


def make(shape, seed):
    """The numbers that the test makes too: sin(seed + 7 i) of the flat position i."""
    return np.sin(seed + 7.0 * np.arange(np.prod(shape))).reshape(shape)


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def layer_norm(x):
    centered = x - x.mean(axis=-1, keepdims=True)
    return centered / np.sqrt((centered**2).mean(axis=-1, keepdims=True) + 1e-5)


def attention(q, k, v):
    return softmax(q @ k.swapaxes(-1, -2) / 3.0) @ v


def recurrence(x, w):
    state = np.zeros(w.shape[0])
    states = []
    for row in x:
        state = np.tanh(w @ state + row)
        states.append(state)
    return np.stack(states)


def newton(a):
    x = np.full_like(a, 1.0)
    for _ in range(30):
        x = 0.5 * (x + a / x)
    return x


x = make((7, 33), 1)
y = make((7, 33), 2)
q, k, v = make((2, 5, 9), 3), make((2, 6, 9), 4), make((2, 6, 4), 5)
cases = {
    "softmax": softmax(x),
    "softmax over columns": softmax(x, axis=0),
    "layer norm": layer_norm(x),
    "log-sum-exp": np.log(np.exp(x).sum(axis=1)),
    "variance over all": np.array(x.var()),
    "clipped product": np.minimum(np.maximum(x * y, -0.2), 0.3).sum(axis=0),
    "where": np.where(x > y, np.sin(x), np.cos(y) - 1).mean(axis=(0, 1)).reshape(()),
    "strides": x[::-1, 2::3] - y[:, 2::3],
    "attention": attention(q, k, v),
    "products": (x @ y.T) @ (y @ x.T),
    "gram of transposed views": x.T[1:9] @ y[:, 3:],
    "outer sum": (x[:, :, None] + y[:, None, :5]).max(axis=1),
    "recurrence": recurrence(make((11, 6), 6), make((6, 6), 7)),
    "newton": newton(np.abs(make((40,), 8)) + 0.1),
    "cumulative": np.cumsum(np.exp(x), axis=1)[:, -1] / np.cumprod(1 + 0.01 * y, axis=0)[:, 3],
    "casts": (x * 10).astype(np.int32).astype(np.float64) + (y > 0).astype(np.float64),
}
path = Path(__file__).with_name("compiled.json")
path.write_text(
    json.dumps({name: {"shape": value.shape, "values": value.ravel().tolist()} for name, value in cases.items()}) + "\n"
)
