// Bad input throws at the door, by a typed error that names the argument.
import { DomainError, DTypeError, ShapeError, tensor, zeros } from "polyadic";
import * as fft from "polyadic/fft";
import { expect, test } from "vitest";

const x = zeros([2, 4]);
const z = zeros([2, 4], "complex128");
const bad = (value: unknown): never => value as never;

test.each<[string, () => unknown, new (message: string) => Error, RegExp]>([
  ["no axes", () => fft.fft(tensor(1)), ShapeError, /at least one axis/],
  ["axis", () => fft.fft(x, { axis: 2 }), ShapeError, /axis 2/],
  ["n of 0", () => fft.fft(x, { n: 0 }), ShapeError, /n must be an integer >= 1, got 0/],
  ["fractional n", () => fft.ifft(x, { n: 2.5 }), ShapeError, /2\.5/],
  ["NaN n", () => fft.rfft(x, { n: Number.NaN }), ShapeError, /NaN/],
  ["empty axis", () => fft.fft(zeros([3, 0])), ShapeError, /no elements/],
  ["norm", () => fft.fft(x, { norm: bad("unit") }), DomainError, /"unit"|unit/],
  ["complex to rfft", () => fft.rfft(z), DTypeError, /rfft: a real tensor/],
  ["float8", () => fft.fft(x.astype("float8_e4m3")), DTypeError, /storage/],
  ["irfft of one entry", () => fft.irfft(zeros([1])), ShapeError, /irfft: n/],
  ["axis twice", () => fft.fftn(x, { axes: [0, -2] }), ShapeError, /twice/],
  ["shape and axes", () => fft.fftn(x, { axes: [0], shape: [2, 3] }), ShapeError, /one length for each/],
  ["shape too long", () => fft.fftn(x, { shape: [2, 3, 4] }), ShapeError, /more lengths/],
  ["rfftn without axes", () => fft.rfftn(x, { axes: [] }), ShapeError, /at least one axis/],
  ["irfftn without axes", () => fft.irfftn(z, { axes: [] }), ShapeError, /at least one axis/],
  ["fft2 of a vector", () => fft.fft2(zeros([4])), ShapeError, /axis -2/],
  ["fftfreq n", () => fft.fftfreq(-1), ShapeError, /fftfreq: n/],
  ["fftfreq d", () => fft.fftfreq(4, Number.NaN), DomainError, /fftfreq: d/],
  ["rfftfreq d", () => fft.rfftfreq(4, 0), DomainError, /must not be 0/],
  ["fftshift axis", () => fft.fftshift(x, { axes: 5 }), ShapeError, /axis 5/],
  ["nextFastLength", () => fft.nextFastLength(Number.POSITIVE_INFINITY), ShapeError, /target/],
  ["dct type", () => fft.dct(x, { type: bad(5) }), DomainError, /type must be 1, 2, 3 or 4/],
  ["dct 1 of one number", () => fft.dct(zeros([1]), { type: 1 }), ShapeError, /at least 2/],
  ["dst empty", () => fft.dst(zeros([0])), ShapeError, /no elements/],
  ["dctn axes", () => fft.dctn(x, { axes: [1, 1] }), ShapeError, /twice/],
  ["hartley complex", () => fft.hartley(z), DTypeError, /hartley/],
  ["hartley empty", () => fft.hartley(zeros([0])), ShapeError, /no elements/],
  ["walsh length", () => fft.walshHadamard(zeros([6])), ShapeError, /power of two/],
  ["walsh order", () => fft.walshHadamard(x, { order: bad("gray") }), DomainError, /order/],
  ["ntt of fractions", () => fft.ntt(x), DTypeError, /integers/],
  ["ntt modulus", () => fft.ntt(tensor([1, 2], { dtype: "int32" }), { modulus: 15 }), DomainError, /prime/],
  [
    "ntt huge modulus",
    () => fft.ntt(tensor([1, 2], { dtype: "int32" }), { modulus: 4294967291 }),
    DomainError,
    /2\^31/,
  ],
  [
    "ntt length",
    () => fft.ntt(tensor([1, 2, 3], { dtype: "int32" }), { modulus: 17 }),
    DomainError,
    /divide 16/,
  ],
  [
    "nttConvolve mode",
    () =>
      fft.nttConvolve(tensor([1], { dtype: "int32" }), tensor([1], { dtype: "int32" }), {
        mode: bad("same"),
      }),
    DomainError,
    /mode/,
  ],
  [
    "nttConvolve empty",
    () => fft.nttConvolve(zeros([0], "int32"), tensor([1], { dtype: "int32" })),
    ShapeError,
    /\[0\]/,
  ],
  [
    "nttConvolve cyclic",
    () => fft.nttConvolve(zeros([2], "int32"), zeros([3], "int32"), { mode: "cyclic" }),
    ShapeError,
    /2 and 3/,
  ],
  ["convolve axes", () => fft.fftConvolve(zeros([2]), zeros([2, 2])), ShapeError, /equally many axes/],
  ["convolve empty", () => fft.fftConvolve(zeros([2]), zeros([0])), ShapeError, /no elements/],
  [
    "convolve valid",
    () => fft.fftConvolve(zeros([2, 5]), zeros([3, 3]), { mode: "valid" }),
    ShapeError,
    /valid/,
  ],
  ["convolve mode", () => fft.fftConvolve(x, x, { mode: bad("all") }), DomainError, /mode/],
  ["nufft points", () => fft.nufft1(tensor([1, Number.NaN]), zeros([2]), 4), DomainError, /finite/],
  [
    "nufft complex points",
    () => fft.nufft1(zeros([2], "complex128"), zeros([2]), 4),
    DTypeError,
    /real coordinates/,
  ],
  ["nufft point shape", () => fft.nufft1(zeros([2, 4]), zeros([2]), 4), ShapeError, /\[count, d\]/],
  ["nufft values", () => fft.nufft1(zeros([2]), zeros([3]), 4), ShapeError, /one value for each point/],
  ["nufft modes", () => fft.nufft1(zeros([2, 2]), zeros([2]), 4), ShapeError, /each of 2 axes/],
  ["nufft mode count", () => fft.nufft1(zeros([2]), zeros([2]), 0), ShapeError, /number of modes/],
  ["nufft2 modes", () => fft.nufft2(zeros([2, 2]), zeros([4])), ShapeError, /2 last axes/],
  [
    "nufft tolerance",
    () => fft.nufft1(zeros([2]), zeros([2]), 4, { tolerance: Number.NaN }),
    DomainError,
    /tolerance/,
  ],
  ["nufft sign", () => fft.nufft2(zeros([2]), zeros([2]), { sign: bad(0) }), DomainError, /sign/],
  [
    "nufft3 dimensions",
    () => fft.nufft3(zeros([2, 2]), zeros([2]), zeros([3])),
    ShapeError,
    /equally many coordinates/,
  ],
  ["nufft3 reach", () => fft.nufft3(tensor([0, 1e9]), zeros([2]), tensor([0, 1e9])), DomainError, /2\^28/],
  ["sht rank", () => fft.sht(zeros([3])), ShapeError, /nlat, nlon/],
  ["sht grid", () => fft.sht(x, { grid: bad("healpix") }), DomainError, /healpix/],
  ["sht rings", () => fft.sht(zeros([3, 8]), { grid: "driscoll-healy" }), ShapeError, /3 rings/],
  ["sht degree", () => fft.sht(zeros([3, 5]), { lmax: 3 }), ShapeError, /degree 3 needs 4 rings of 7/],
  ["isht shape", () => fft.isht(zeros([3, 4])), ShapeError, /2 lmax \+ 1/],
  ["isht nlon", () => fft.isht(zeros([3, 5]), { nlon: 4 }), ShapeError, /nlon/],
  ["irsht shape", () => fft.irsht(zeros([3, 5])), ShapeError, /lmax \+ 1/],
  ["rsht complex", () => fft.rsht(zeros([3, 5], "complex128")), DTypeError, /real/],
  ["sphericalGrid lmax", () => fft.sphericalGrid("gauss-legendre", -1), ShapeError, /lmax/],
])("%s", (_name, run, type, message) => {
  expect(run).toThrow(type);
  expect(run).toThrow(message);
});
