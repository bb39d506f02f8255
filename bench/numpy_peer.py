"""Times single runs of NumPy functions: one request a line on stdin (a function or `matmul <dtype>`), milliseconds out."""

import sys
import time

import numpy as np

SIZE = 10**6
rng = np.random.default_rng(1)
wide = rng.uniform(-6, 6, SIZE)
positive = rng.uniform(0.1, 9, SIZE)
out = np.empty(SIZE)
matrices = {}

FUNCTIONS = {
    "add": lambda: np.add(positive, wide, out=out),
    "mul": lambda: np.multiply(positive, wide, out=out),
    "pow": lambda: np.power(positive, wide, out=out),
    "sum": lambda: np.sum(wide),
}
try:
    from scipy.special import erf

    FUNCTIONS["erf"] = lambda: erf(wide, out=out)
except ImportError:
    pass
for name in ("exp", "expm1", "tanh", "sin", "cos", "tan", "sinh"):
    FUNCTIONS[name] = lambda f=getattr(np, name): f(wide, out=out)
for name in ("log", "log1p", "sqrt"):
    FUNCTIONS[name] = lambda f=getattr(np, name): f(positive, out=out)


def matmul(dtype):
    if dtype not in matrices:
        matrices[dtype] = rng.uniform(-0.5, 0.5, (1024, 1024)).astype(dtype)
    return matrices[dtype] @ matrices[dtype]


print(np.__version__, flush=True)
for line in sys.stdin:
    words = line.split()
    run = (lambda: matmul(words[1])) if words[0] == "matmul" else FUNCTIONS.get(words[0], lambda: None)
    start = time.perf_counter()
    run()
    elapsed = (time.perf_counter() - start) * 1e3
    print(elapsed if words[0] == "matmul" or words[0] in FUNCTIONS else "nan", flush=True)
