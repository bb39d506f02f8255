"""Reference values for test/ops, computed by NumPy. Writes ops.json beside this file."""

import json
import pathlib

import numpy as np


def make(shape, seed=0):
    """The same numbers as `make` in test/ops/reference.ts: exact in float64."""
    i = np.arange(int(np.prod(shape)), dtype=np.int64)
    return (((i * 7919 + seed * 104729) % 1009) / 64.0 - 7.0).reshape(shape)


def make_int(shape, seed=0, dtype=np.int32):
    i = np.arange(int(np.prod(shape)), dtype=np.int64)
    return ((i * 7919 + seed * 104729) % 23 - 11).reshape(shape).astype(dtype)


def make_complex(shape, seed=0):
    return make(shape, seed) + 1j * make(shape, seed + 1)


x = make((4, 5, 6))
m = make((3, 4), 2)
n = make_int((4, 5), 3)
z = make_complex((3, 4), 4)
cases = {}

# Indexing
cases["index integer"] = x[1]
cases["index mixed"] = x[-1, 1:4, ::2]
cases["index negative step"] = x[::-1, 3:0:-2, -2::-3]
cases["index new axis"] = x[:, None, 2, ..., None]
cases["index ellipsis"] = x[..., 0]
cases["index array"] = x[[0, 2, -1]]
cases["index arrays adjacent"] = x[:, [0, 1, 2], [5, 4, 3]]
cases["index arrays apart"] = x[[0, 1], :, [2, 3]]
cases["index array and integer"] = x[1, :, [0, 2]]
cases["index arrays broadcast"] = x[np.array([[0], [3]]), np.array([[1, 2, 4]])]
cases["index array after slice"] = x[1:3, np.array([[0, 1], [2, 3]])]
cases["index mask full"] = x[x > 5]
cases["index mask leading"] = x[np.array([True, False, True, True])]
cases["index mask middle"] = x[:, np.array([True, False, False, True, True]), 1]
cases["index mask two axes"] = x[(make((4, 5), 9) > 0)]
cases["index empty"] = x[2:2]
y = x.copy(); y[1:3, ::2] = 7.0; cases["set slice"] = y
y = x.copy(); y[:, [0, 3], 1] = make((4, 2), 5); cases["set arrays"] = y
y = x.copy(); y[x < 0] = 0; cases["set mask"] = y
cases["take"] = np.take(x, np.array([[1, 0], [4, -1]]), axis=1)
cases["takeAlongAxis"] = np.take_along_axis(m, np.array([[3], [0], [1]]), axis=1)

# Arithmetic and promotion
cases["floorDivide int"] = n // np.int32(3)
cases["mod int"] = n % np.int32(-4)
cases["mod float"] = np.mod(m, -1.75)
cases["divide int"] = n / np.int32(4)
cases["power int"] = n ** np.int32(3)
cases["round"] = np.round(make((40,), 1))
cases["int overflow"] = (make_int((6,), 1) * np.int32(2**30)).astype(np.int32)
cases["complex divide"] = z / make_complex((4,), 6)
cases["complex power"] = z ** (0.5 + 2j)
for name in ["exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh"]:
    cases["complex " + name] = getattr(np, name)(z / 3)

# Reductions
cases["sum axis 1"] = x.sum(axis=1)
cases["sum axes 0 2"] = x.sum(axis=(0, 2))
cases["sum keepdims"] = x.sum(axis=(1, 2), keepdims=True)
cases["prod"] = m.prod(axis=0)
cases["complex sum"] = z.sum(axis=0)
cases["complex prod"] = z.prod(axis=1)
cases["mean"] = x.mean(axis=-1)
cases["variance"] = x.var(axis=(0, 1), ddof=1)
cases["complex variance"] = z.var(axis=0)
cases["max"] = x.max(axis=0)
cases["min int"] = n.min(axis=1)
cases["argmax"] = x.argmax(axis=1)
cases["argmin flat"] = np.array(x.argmin())
cases["cumsum"] = x.cumsum(axis=1)
cases["cumprod complex"] = np.cumprod(z, axis=1)
cases["cummax"] = np.maximum.accumulate(x, axis=2)
cases["sort"] = np.sort(x, axis=1)
cases["argsort"] = np.argsort(n, axis=1, kind="stable")
cases["argsort descending"] = np.argsort(-n, axis=0, kind="stable")
cases["logSumExp"] = np.log(np.exp(m).sum(axis=1))

# Joining
cases["concat"] = np.concatenate([x, x[:, :2]], axis=1)
cases["stack"] = np.stack([m, m * 2], axis=1)
cases["pad constant"] = np.pad(m, ((1, 2), (0, 3)), constant_values=5)
cases["pad edge"] = np.pad(m, ((1, 2), (0, 3)), mode="edge")
cases["pad reflect"] = np.pad(m, ((2, 1), (3, 6)), mode="reflect")
cases["pad wrap"] = np.pad(m, ((1, 2), (2, 3)), mode="wrap")
cases["roll"] = np.roll(x, -2, axis=1)
cases["repeat"] = np.repeat(m, 3, axis=1)
cases["tril"] = np.tril(x, -1)
cases["diag from vector"] = np.diag(m[0], -1)
cases["diag of matrix"] = np.diag(m, 1)

# Contraction
a = make((5, 3, 4), 7)
b = make((5, 4, 2), 8)
cases["matmul batch"] = a @ b
cases["matmul broadcast"] = a[:, None] @ make((2, 4, 3), 1)
cases["matmul vector"] = a @ make((4,), 1)
cases["matmul complex"] = z @ np.conj(z).T
cases["matmul int"] = n @ n.T
cases["tensordot"] = np.tensordot(x, make((6, 5, 2), 3), axes=([1, 2], [1, 0]))
cases["einsum trace"] = np.einsum("iji->j", make((4, 3, 4), 1))
cases["einsum implicit"] = np.einsum("ba,cb", make((3, 4), 1), make((2, 3), 2))
cases["einsum ellipsis"] = np.einsum("...ij,...jk->...ki", a, b)
cases["einsum three"] = np.einsum("abc,cd,bde->ae", make((2, 3, 4), 1), make((4, 5), 2), make((3, 5, 2), 3), optimize=True)
cases["einsum hadamard"] = np.einsum("ij,ij,j->i", m, m, m[1])
cases["einsum outer"] = np.einsum("i,j,k->kji", m[0], m[1], m[2])
cases["einsum sum"] = np.einsum("ijk->", x)
cases["einsum broadcast"] = np.einsum("ij,ij->ij", make((1, 4), 1), make((3, 4), 2))


def encode(value):
    value = np.asarray(value)
    data = value.ravel()
    if np.iscomplexobj(data):
        data = np.stack([data.real, data.imag], axis=-1).ravel()
    return {"shape": list(value.shape), "data": data.tolist()}


out = pathlib.Path(__file__).with_name("ops.json")
out.write_text(json.dumps({name: encode(value) for name, value in cases.items()}, separators=(",", ":")))
