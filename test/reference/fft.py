"""Reference values of transforms from NumPy and SciPy (or the definitions in mpmath): writes fft.json.

Made with numpy 2.4 and scipy 1.17 (in scipy 1.10 the sine transforms with norm="ortho" are not orthogonal).
"""

import json
from pathlib import Path

import mpmath as mp
import numpy as np
import scipy.fft as sf
from scipy import linalg, signal
from scipy.special import sph_harm_y

rng = np.random.default_rng(20)


def reals(*shape):
    return np.round(rng.standard_normal(shape), 4)


def complexes(*shape):
    return reals(*shape) + 1j * reals(*shape)


def flat(x):
    x = np.asarray(x)
    data = np.stack([x.real, x.imag], -1) if np.iscomplexobj(x) else x
    return {
        "shape": list(x.shape),
        "complex": bool(np.iscomplexobj(x)),
        "data": [float(f"{v:.15g}") for v in data.ravel()],
    }


def case(name, x, y, **options):
    return {"name": name, "x": flat(x), "y": flat(y), "options": options}


cases = []
x = complexes(2, 6)
r = reals(2, 6)
for norm in ("backward", "ortho", "forward"):
    for n in (None, 5, 8) if norm == "backward" else (None,):
        for name in ("fft", "ifft", "irfft", "hfft"):
            options = {"norm": norm, **({"n": n} if n else {})}
            cases.append(case(name, x, getattr(np.fft, name)(x, **options), **options))
        for name in ("rfft", "ihfft"):
            options = {"norm": norm, **({"n": n} if n else {})}
            cases.append(case(name, r, getattr(np.fft, name)(r, **options), **options))
for name in ("fft", "ifft"):
    cases.append(case(name, x, getattr(np.fft, name)(x, axis=0), axis=0))
cases.append(case("rfft", r, np.fft.rfft(r, axis=0), axis=0))
cases.append(case("irfft", x, np.fft.irfft(x, axis=0), axis=0))
cube = complexes(2, 3, 4)
real_cube = reals(2, 3, 4)
for options in (
    {},
    {"shape": [4, 3], "axes": [1, 0]},
    {"shape": [2, 5], "norm": "ortho"},
):
    given = {("s" if k == "shape" else k): v for k, v in options.items()}
    if "s" in given and "axes" not in given:
        given["axes"] = list(range(-len(given["s"]), 0))
    for name in ("fftn", "ifftn", "irfftn"):
        cases.append(case(name, cube, getattr(np.fft, name)(cube, **given), **options))
    cases.append(case("rfftn", real_cube, np.fft.rfftn(real_cube, **given), **options))
cases.append(case("fft2", cube, np.fft.fft2(cube)))
cases.append(case("ifft2", cube, np.fft.ifft2(cube)))
cases.append(case("rfft2", real_cube, np.fft.rfft2(real_cube)))
cases.append(case("irfft2", cube, np.fft.irfft2(cube)))
for name in ("dct", "idct", "dst", "idst"):
    for kind in (1, 2, 3, 4):
        for n in (2, 3, 7, 8):
            for norm in ("backward", "ortho", "forward") if n in (3, 8) else ("backward",):
                v = reals(n)
                y = getattr(sf, name)(v, type=kind, norm=norm)
                cases.append(case(name, v, y, type=kind, norm=norm))
        if not (name.endswith("ct") and kind == 1):
            v = reals(1)
            cases.append(case(name, v, getattr(sf, name)(v, type=kind), type=kind))
m = reals(4, 6)
cases.append(case("dct", m, sf.dct(m, axis=0, n=5), axis=0, n=5))
for name in ("dctn", "idctn", "dstn", "idstn"):
    cases.append(case(name, m, getattr(sf, name)(m)))
    cases.append(case(name, m, getattr(sf, name)(m, type=3, axes=[0], norm="ortho"), type=3, axes=[0], norm="ortho"))
cases.append(case("fftshift", m, np.fft.fftshift(m)))
cases.append(case("ifftshift", real_cube, np.fft.ifftshift(real_cube, axes=(0, 2)), axes=[0, 2]))
h = linalg.hadamard(8)
v = reals(3, 8)
cases.append(case("walshHadamard", v, v @ h.T))
sequency = h[np.argsort([(np.diff(row) != 0).sum() for row in h])]
cases.append(case("walshHadamard", v, v @ sequency.T, order="sequency"))

convolutions = []
for a, b in (
    (reals(9), reals(4)),
    (complexes(5), reals(5)),
    (reals(5, 6), reals(3, 2)),
    (reals(3), reals(8)),
):
    for mode in ("full", "same", "valid"):
        y = signal.fftconvolve(a, b, mode=mode)
        convolutions.append({"a": flat(a), "b": flat(b), "mode": mode, "y": flat(y)})
correlation = {}
a, b = complexes(7), complexes(3)
correlation = {"a": flat(a), "b": flat(b), "y": flat(signal.correlate(a, b, mode="full"))}

frequencies = [
    {"n": n, "d": d, "fftfreq": np.fft.fftfreq(n, d).tolist(), "rfftfreq": np.fft.rfftfreq(n, d).tolist()}
    for n, d in ((1, 1), (8, 0.5), (9, 2))
]
lengths = [
    {"target": n, "fast": sf.next_fast_len(n), "real": sf.next_fast_len(n, real=True)}
    for n in (1, 7, 11, 13, 17, 97, 121, 1021, 4097, 99991, 1000003)
]

# Exact transforms modulo primes, by the definition in Python's integers.
transforms = []
for p, n, g in ((17, 16, 3), (998244353, 8, 3), (2147483647, 6, 7), (2013265921, 16, 31), (7681, 15, 17)):
    numbers = [int(v) for v in rng.integers(0, p, n)]
    w = pow(g, (p - 1) // n, p)
    y = [sum(c * pow(w, j * k, p) for j, c in enumerate(numbers)) % p for k in range(n)]
    transforms.append({"modulus": p, "x": numbers, "y": y})

# Sums of exponentials by the definition, with 30 digits.
mp.mp.dps = 30


def sums(c, x, s, sign):
    return [
        complex(
            mp.fsum(mp.mpc(v) * mp.expj(sign * mp.fsum(mp.mpf(a) * mp.mpf(b) for a, b in zip(p, q))) for v, p in zip(c, x))
        )
        for q in s
    ]


nonuniform = []
for d, modes in ((1, [9]), (1, [16]), (2, [4, 5]), (3, [3, 2, 4])):
    pts = np.round(rng.uniform(-9, 9, (6, d)), 5) if d == 1 else np.round(rng.uniform(-4, 4, (6, d)), 5)
    c = complexes(6)
    grid = np.stack(np.meshgrid(*[np.arange(n) - n // 2 for n in modes], indexing="ij"), -1).reshape(-1, d)
    f = complexes(*modes)
    targets = np.round(rng.uniform(-30, 40, (7, d)) / d**2, 4)
    nonuniform.append(
        {
            "modes": modes,
            "points": flat(pts),
            "values": flat(c),
            "toModes": flat(np.array(sums(c, pts, grid.tolist(), -1)).reshape(modes)),
            "coefficients": flat(f),
            "toPoints": flat(np.array(sums(f.ravel(), grid.tolist(), pts, 1))),
            "frequencies": flat(targets),
            "toFrequencies": flat(np.array(sums(c, pts, targets, -1))),
        }
    )

lmax = 4
theta = np.array([0.3, 1.1, 2.9])
phi = np.array([0.0, 0.7, 4.0])
harmonics = [
    {"l": l, "m": m, "values": flat(np.array([sph_harm_y(l, m, t, p) for t, p in zip(theta, phi)]))}
    for l in range(lmax + 1)
    for m in range(-l, l + 1)
]

output = {
    "cases": cases,
    "convolutions": convolutions,
    "correlation": correlation,
    "frequencies": frequencies,
    "lengths": lengths,
    "modular": transforms,
    "nonuniform": nonuniform,
    "spherical": {"colatitudes": theta.tolist(), "longitudes": phi.tolist(), "harmonics": harmonics},
}
Path(__file__).with_suffix(".json").write_text(json.dumps(output, separators=(",", ":")) + "\n")
