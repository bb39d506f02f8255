"""Times single runs of NumPy functions: one request a line on stdin (a name and its arguments), milliseconds out."""

import sys
import time
from functools import partial

import numpy as np
import tensorly_peer

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
    FUNCTIONS[name] = partial(getattr(np, name), wide, out=out)
for name in ("log", "log1p", "sqrt"):
    FUNCTIONS[name] = partial(getattr(np, name), positive, out=out)


def matmul(dtype):
    if dtype not in matrices:
        matrices[dtype] = rng.uniform(-0.5, 0.5, (1024, 1024)).astype(dtype)
    return matrices[dtype] @ matrices[dtype]


tensors = {}


def load(path, size):
    tensors["x"] = np.fromfile(path).reshape(3 * (int(size),))


def load_sparse(path, *shape):
    table = np.fromfile(path).reshape((-1, len(shape) + 1))
    tensors["sparse"] = (table[:, :-1].astype(np.int32), table[:, -1].copy(), [int(n) for n in shape])


squares = {}


def linalg(name, n):
    """A function of numpy.linalg on a random square matrix, on its symmetric part for eigh."""
    n = int(n)
    if n not in squares:
        squares[n] = rng.uniform(-0.5, 0.5, (n, n))
    a = squares[n]
    if name == "matmul":
        return lambda: a @ a
    if name == "solve":
        b = rng.uniform(-1, 1, n)
        return lambda: np.linalg.solve(a, b)
    if name == "svd":
        return lambda: np.linalg.svd(a, full_matrices=False)
    if name == "eigh":
        symmetric = a + a.T
        return lambda: np.linalg.eigh(symmetric)
    return lambda: getattr(np.linalg, name)(a)


images = {}


def convolve(x, w, padding, strides, groups, gradients=False):
    """PyTorch's convolution of random images; nan where PyTorch is not there."""
    import torch

    torch.set_num_threads(1)
    key = (x, w)
    if key not in images:
        images[key] = [torch.rand([int(n) for n in s.split(",")]) for s in key]
    leaves = [t.detach().requires_grad_(gradients) for t in images[key]]
    options = {"padding": int(padding), "stride": int(strides), "groups": int(groups)}
    y = torch.nn.functional.conv2d(*leaves, **options)
    if gradients:
        y.backward(y.detach())


signals = {}


def fourier(name, shape, repeats):
    """Transforms of random numbers, complex ones but for rfft."""
    if (name, shape) not in signals:
        size = [int(n) for n in shape.split(",")]
        x = rng.uniform(-1, 1, size)
        signals[name, shape] = x if name == "rfft" else x + 1j * rng.uniform(-1, 1, size)
    for _ in range(int(repeats)):
        getattr(np.fft, name)(signals[name, shape])


grids = {}


def grid(m, axes=2):
    """The Poisson matrix of a grid of m points along each axis, by rows, and a right-hand side."""
    import scipy.sparse as sp

    if (m, axes) not in grids:
        t = sp.diags([-np.ones(m - 1), 2 * np.ones(m), -np.ones(m - 1)], [-1, 0, 1])
        a = sum(sp.kron(sp.kron(sp.identity(m**i), t), sp.identity(m ** (axes - 1 - i))) for i in range(axes))
        a = a.tocsr()
        a.sort_indices()
        grids[m, axes] = a, np.sin(np.arange(m**axes))
    return grids[m, axes]


def sparse(name, steps):
    """Products, conjugate gradients and LU of SciPy; nan where SciPy is not there."""
    from scipy.sparse.linalg import cg, splu

    a, b = grid(30, 3) if name == "box" else grid(1000 if name in ("product", "cg") else 200)
    if name == "product":
        return lambda: a @ b
    if name == "cg":
        return lambda: cg(a, b, maxiter=int(steps), atol=0)
    if name == "square":
        return lambda: a @ a
    columns = a.tocsc()
    return lambda: splu(
        columns, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.1, options={"SymmetricMode": True}
    )


def ode(method, tolerance, end):
    """SciPy's integration of ten equations of Lorenz 96; nan where SciPy is not there."""
    from scipy.integrate import solve_ivp

    def slope(t, y):
        return (np.roll(y, -1) - np.roll(y, 2)) * np.roll(y, 1) - y + 8

    start = 8 + 0.01 * np.arange(10)
    tolerance = float(tolerance)
    return lambda: solve_ivp(slope, (0, float(end)), start, method=method, rtol=tolerance, atol=tolerance)


WITH_ARGUMENTS = {
    "sparse": sparse,
    "ode": ode,
    "fourier": fourier,
    "conv": convolve,
    "convgrad": partial(convolve, gradients=True),
    "matmul": matmul,
    "load": load,
    "loadSparse": load_sparse,
    "sparseCp": lambda rank, sweeps: tensorly_peer.sparse_cp(*tensors["sparse"], int(rank), int(sweeps)),
    "linalg": linalg,
    "tucker": lambda rank, _: tensorly_peer.tucker(tensors["x"], int(rank)),
    "tt": lambda rank, _: tensorly_peer.tensor_train(tensors["x"], int(rank)),
    "cp": lambda rank, sweeps: tensorly_peer.cp(tensors["x"], int(rank), int(sweeps)),
}

print(np.__version__, flush=True)
for line in sys.stdin:
    name, *arguments = line.split()
    run = WITH_ARGUMENTS.get(name) or FUNCTIONS.get(name)
    start = time.perf_counter()
    try:
        if run:
            result = run(*arguments)
            # What a request prepares is not timed: the work itself comes back as a function.
            if callable(result):
                start = time.perf_counter()
                result()
    except ImportError:
        run = None
    elapsed = (time.perf_counter() - start) * 1e3
    print(elapsed if run else "nan", flush=True)
