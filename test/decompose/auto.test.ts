// decompose: the search over formats, from outside.
import fc from "fast-check";
import {
  type AutoResult,
  bytes,
  cp,
  type DecomposeOptions,
  decompose,
  denseToSparse,
  full,
  relativeError,
  type SparseTensor,
  shapeOf,
  tensorsOf,
  tucker,
} from "polyadic/decompose";
import { key } from "polyadic/random";
import {
  AbortedError,
  arange,
  DomainError,
  type DType,
  DTypeError,
  full as filled,
  ShapeError,
  Tensor,
  tensor,
  zeros,
} from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { storedBytes } from "../../src/decompose/auto/search.ts";
import { distance, gaussian, noisy, plantedCp, plantedTucker, positive } from "./planted.ts";
import { hilbert } from "./tensors.ts";

/** What holds for every result: the error is what it says, and the choice is one of the candidates. */
function check(x: Tensor, result: AutoResult, tol?: number): void {
  const { decomposition, chosen, candidates, error } = result;
  expect([...shapeOf(decomposition)]).toEqual([...x.shape]);
  expect(candidates).toContain(chosen);
  expect(candidates.filter(({ status }) => status === "chosen")).toHaveLength(1);
  expect(chosen.bytes).toBe(storedBytes(decomposition));
  expect(chosen.error).toBe(error);
  const measured = distance(x.astype(tensorsDType(result)), full(decomposition));
  expect(Math.abs(measured - error)).toBeLessThan(1e-6 + 1e-6 * error);
  for (const { status, reason } of candidates) expect(reason === "").toBe(status === "chosen");
  if (tol === undefined) return;
  expect(error).toBeLessThanOrEqual(tol);
  // The dense copy is a candidate; formats within 2 % of each other go by ease of reading.
  expect(bytes(decomposition)).toBeLessThanOrEqual(
    1.02 * bytes({ kind: "dense", data: full(decomposition) }) + 64,
  );
}
const tensorsDType = ({ decomposition }: AutoResult): DType =>
  Object.values(tensorsOf(decomposition))[0]!.dtype;

describe("whatever the tensor, the measured error is within the tolerance and nothing is larger than dense", () => {
  const shape = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });
  const dtype = fc.constantFrom<DType>(
    "float64",
    "float32",
    "complex128",
    "complex64",
    "int32",
    "uint8",
    "bool",
  );
  const kind = fc.constantFrom("noise", "cp", "tucker", "smooth", "zero", "spike");
  const make = (name: string, lengths: number[], type: DType, seed: number): Tensor => {
    const wide: DType = type.startsWith("complex") ? type : "float64";
    const base = (): Tensor => {
      if (name === "noise") return gaussian(seed, lengths, wide);
      if (name === "cp") return noisy(plantedCp(seed, lengths, 2, wide).x, 1e-3, seed + 1);
      if (name === "tucker") {
        const ranks = lengths.map((n) => Math.min(n, 2));
        return plantedTucker(seed, lengths, ranks, wide).x;
      }
      const size = lengths.reduce((a, b) => a * b, 1);
      if (name === "smooth") return arange(size).div(size).exp().reshape(lengths).astype(wide);
      if (name === "zero") return zeros(lengths, wide);
      return tensor(Float64Array.from({ length: size }, (_, i) => Number(i === seed % size)))
        .reshape(lengths)
        .astype(wide);
    };
    if (type === "bool") return base().greater(0);
    return type === "int32" || type === "uint8" ? base().abs().mul(20).astype(type) : base().astype(type);
  };
  it.each([0.3, 0.05, 1e-3, 1e-6])("tolerance %d", (tol) => {
    fc.assert(
      fc.property(shape, dtype, kind, fc.nat({ max: 1e6 }), (lengths, type, name, seed) => {
        const x = make(name, lengths, type, seed);
        check(x, decompose(x, { tol }), tol);
      }),
      { numRuns: 25 },
    );
  });
});

describe("planted structures", () => {
  it("CP of rank 5 in noise", () => {
    const { x, model } = plantedCp(1, [12, 14, 16], 5);
    const result = decompose(noisy(x, 0.01, 2), { tol: 0.02 });
    expect(result.chosen.format).toBe("cp");
    expect(bytes(result.decomposition)).toBeLessThanOrEqual(bytes(model));
  });
  it("Tucker of ranks 3, 4, 5 in noise", () => {
    const { x, model } = plantedTucker(3, [12, 14, 16], [3, 4, 5]);
    const noise = noisy(x, 0.01, 4);
    const result = decompose(noise, { tol: 0.02 });
    check(noise, result, 0.02);
    expect(bytes(result.decomposition)).toBeLessThanOrEqual(1.05 * bytes(model));
  });
  it("exp and sine on 2¹² points as quantized trains of ranks 1 and 2", () => {
    const grid = arange(4096).div(4096);
    const growth = decompose(grid.exp(), { tol: 1e-6 });
    expect(growth.chosen).toMatchObject({ format: "qtt", parameters: 24 });
    const wave = decompose(grid.mul(40).sin(), { tol: 1e-6 });
    expect(wave.chosen).toMatchObject({ format: "qtt", parameters: 88 });
    check(grid.exp(), growth, 1e-6);
    check(grid.mul(40).sin(), wave, 1e-6);
  });
  it("a matrix of low rank, and noise that stays as it is", () => {
    const low = gaussian(1, [20, 3]).matmul(gaussian(2, [3, 30]));
    expect(decompose(low, { tol: 1e-6 }).chosen).toMatchObject({ ranks: [3] });
    const noise = gaussian(3, [9, 10, 11]);
    const result = decompose(noise, { tol: 0.01 });
    expect(result.chosen).toMatchObject({ format: "dense", error: 0 });
    expect(result.notes.join()).toMatch(/not compressible/);
    expect(full(result.decomposition).toArray()).toEqual(noise.toArray());
  });
  it("zeros take rank 1, say so, and have no error", () => {
    const result = decompose(zeros([4, 5, 6]));
    expect(result).toMatchObject({ error: 0, maxAbsoluteError: 0 });
    expect(result.notes.join()).toMatch(/All entries are zero/);
  });
  it("modes of length 1 stay", () => {
    const x = hilbert(2, 12).reshape([1, 12, 1, 12]);
    const result = decompose(x, { tol: 1e-4 });
    check(x, result, 1e-4);
    expect(result.chosen.format).not.toBe("dense");
  });
  it("integers are promoted, which is said", () => {
    const result = decompose(filled([6, 7], 3, "int32"), { tol: 1e-9 });
    expect(result.notes.join()).toMatch(/int32 entries were converted to float64/);
  });
  it.each([1e-300, 1e-200, 1e200, 1e300])("a norm of about %d changes nothing but the numbers", (factor) => {
    const x = hilbert(3, 8);
    const plain = decompose(x, { tol: 1e-3 });
    const scaled = decompose(x.mul(factor), { tol: 1e-3 });
    expect(scaled.chosen.ranks).toEqual(plain.chosen.ranks);
    expect(Math.abs(scaled.error - plain.error)).toBeLessThan(1e-9);
    expect(distance(x, full(scaled.decomposition).div(factor))).toBeLessThanOrEqual(1e-3);
    expect(scaled.maxAbsoluteError / factor).toBeCloseTo(plain.maxAbsoluteError, 9);
    expect(scaled.spectra[0]!.values[0]! / factor).toBeCloseTo(plain.spectra[0]!.values[0]!, 9);
  });
  it("a norm beyond float64 is refused, not written as infinity", () => {
    const x = plantedCp(1, [6, 7, 8], 1).x;
    const largest = x.abs().max().item();
    expect(() => decompose(x.div(largest).mul(1.5e308), { tol: 0.1, formats: ["cp"] })).toThrow(
      /beyond float64/,
    );
  });
});

describe("a budget of bytes", () => {
  const x = noisy(plantedCp(2, [8, 9, 10], 3).x, 0.02, 5);
  it("is kept, and more bytes never give a larger error", () => {
    let last = Number.POSITIVE_INFINITY;
    for (const maxBytes of [300, 700, 1500, 6000]) {
      const result = decompose(x, { maxBytes });
      check(x, result);
      expect(result.chosen.bytes).toBeLessThanOrEqual(maxBytes);
      expect(result.error).toBeLessThanOrEqual(last);
      expect(result.tolerance).toBe(result.error);
      last = result.error;
    }
    expect(last).toBe(0);
  });
  it("finds what meeting its error in the other direction finds", () => {
    const forward = decompose(x, { tol: 0.05 });
    const back = decompose(x, { maxBytes: forward.chosen.bytes });
    expect(back.error).toBeLessThanOrEqual(1.05 * forward.error);
  });
  it("too small, says so", () => {
    expect(() => decompose(x, { maxBytes: 20 })).toThrow(/nothing fits in 20 bytes/);
    for (const maxBytes of [0, -1, Number.NaN]) expect(() => decompose(x, { maxBytes })).toThrow(DomainError);
  });
});

describe("formats and ranks that are asked for", () => {
  const x = hilbert(4, 6);
  it("only the formats of the list are tried, the dense copy beside them", () => {
    const { candidates } = decompose(x, { tol: 1e-3, formats: ["tt", "tucker"] });
    expect(candidates.map(({ format }) => format).sort()).toEqual(["dense", "tt", "tucker"]);
    expect(decompose(x, { formats: ["dense"] }).chosen.format).toBe("dense");
  });
  it.each([
    ["cp", { rank: 3 }, [3]],
    ["tucker", { rank: 2 }, [2, 2, 2, 2]],
    ["tucker", { ranks: [3, 2, 2, 3] }, [3, 2, 2, 3]],
    ["tt", { rank: 2 }, [2, 2, 2]],
    ["tt", { ranks: [2, 3, 1] }, [2, 3, 1]],
    ["ring", { rank: 2 }, [2, 2, 2, 2]],
    ["tree", { rank: 2 }, [2, 2, 2, 2, 2, 2]],
  ] as const)("%s with %j", (format, asked, ranks) => {
    const result = decompose(x, { ...asked, formats: [format] });
    expect(result.chosen).toMatchObject({ format, ranks });
    check(x, result);
  });
  it("non-negative factors", () => {
    const data = plantedCp(1, [2, 2], 1).x.abs();
    expect(data.shape).toEqual([2, 2]);
    const factors = [positive(1, [7, 2]), positive(2, [8, 2]), positive(3, [9, 2])];
    const y = full({ kind: "cp", weights: tensor([1, 1]), factors });
    const result = decompose(y, { tol: 0.05, nonnegative: true });
    expect(result.chosen.format).toBe("cp");
    for (const part of Object.values(tensorsOf(result.decomposition)))
      expect(part.min().item()).toBeGreaterThanOrEqual(0);
    check(y, result, 0.05);
  });
});

describe("sparse input", () => {
  const entries = gaussian(4, [5, 1]).matmul(gaussian(5, [1, 6]));
  const mask = gaussian(6, [5, 6]).greater(0);
  const x = denseToSparse(entries.mul(mask.astype("float64")));
  it("is decomposed within the tolerance where that is smaller, else as well as was tried", () => {
    const outer: SparseTensor = denseToSparse(plantedCp(1, [20, 21, 22], 1).x);
    const result = decompose(outer, { tol: 1e-6 });
    expect(result.chosen).toMatchObject({ format: "cp", ranks: [1] });
    expect(result.error).toBeLessThanOrEqual(1e-6);
    expect(decompose(x, { tol: 1e-9 }).notes.join()).toMatch(
      /No decomposition smaller than the list of entries/,
    );
  });
  it("takes cp and tucker only, and no bad entries", () => {
    expect(() => decompose(x, { formats: ["tt"] })).toThrow(DomainError);
    expect(() => decompose({ ...x, values: new Float64Array(0), indices: new Int32Array(0) })).toThrow(
      DomainError,
    );
    expect(() => decompose({ ...x, indices: x.indices.map(() => 99) })).toThrow(ShapeError);
  });
});

describe("running", () => {
  const x = noisy(plantedTucker(5, [10, 11, 12], [3, 3, 3]).x, 0.05, 6);
  it("progress never falls and ends at 1", () => {
    const fractions: number[] = [];
    decompose(x, { tol: 0.1, onProgress: ({ fraction }) => void fractions.push(fraction) });
    expect(fractions.length).toBeGreaterThan(4);
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions[0]).toBeGreaterThanOrEqual(0);
  });
  it("stops when the caller says so, before and on the way", () => {
    expect(() => decompose(x, { signal: AbortSignal.abort() })).toThrow(AbortedError);
    const controller = new AbortController();
    let calls = 0;
    const onProgress = (): void => {
      if (++calls === 3) controller.abort();
    };
    expect(() => decompose(x, { signal: controller.signal, onProgress })).toThrow(AbortedError);
    expect(calls).toBe(3);
  });
  it("the key decides everything that is random", () => {
    const run = (seed: number): unknown => {
      const { decomposition, chosen, candidates } = decompose(x, { tol: 0.08, key: key(seed) });
      return JSON.stringify([
        Object.values(tensorsOf(decomposition)).map((part) => part.toArray()),
        [chosen, ...candidates].map((candidate) => ({ ...candidate, seconds: 0 })),
      ]);
    };
    expect(run(7)).toBe(run(7));
  });
});

describe("bad input", () => {
  const x = hilbert(3, 4);
  const nan = x.set([1, 2, 3], Number.NaN);
  it.each<[string, () => unknown, new (message?: string) => Error, RegExp]>([
    [
      "nothing",
      () => decompose(undefined as never),
      DTypeError,
      /decompose: a dense or sparse tensor.*undefined/,
    ],
    ["null", () => decompose(null as never), DTypeError, /null/],
    [
      "a nested array",
      () => decompose([[1, 2]] as never),
      DTypeError,
      /an array; make a tensor of it with tensor\(\)/,
    ],
    ["cp of an array", () => cp([[1, 2]] as never, 1), DTypeError, /cp: .*tensor\(\)/],
    ["tucker of a number", () => tucker(3 as never, { rtol: 0.1 }), DTypeError, /tucker: .*number/],
    ["a scalar", () => decompose(tensor(1)), ShapeError, /scalar/],
    ["an empty tensor", () => decompose(zeros([0, 3])), ShapeError, /empty/],
    ["NaN", () => decompose(nan), DomainError, /1 entry is not finite, the first at index \[1, 2, 3\]/],
    ["tolerance 1", () => decompose(x, { tol: 1 }), DomainError, /from 0 to below 1/],
    ["tolerance below 0", () => decompose(x, { tol: -0.1 }), DomainError, /-0\.1/],
    ["tolerance NaN", () => decompose(x, { tol: Number.NaN }), DomainError, /NaN/],
    ["rank 0", () => decompose(x, { rank: 0, formats: ["cp"] }), DomainError, /at least 1, got 0/],
    ["a rank without format", () => decompose(x, { rank: 2 }), DomainError, /without a format/],
    [
      "too many ranks",
      () => decompose(x, { ranks: [2, 2, 2, 2], formats: ["tucker"] }),
      ShapeError,
      /3 ranks/,
    ],
    [
      "a rank beyond the mode",
      () => decompose(x, { ranks: [2, 5, 2], formats: ["tucker"] }),
      DomainError,
      /1 to 4/,
    ],
    [
      "complex and non-negative",
      () => decompose(x.astype("complex128"), { nonnegative: true }),
      DTypeError,
      /real/,
    ],
    ["a vector as Tucker", () => decompose(arange(9), { formats: ["tucker"] }), DomainError, /vector/],
    ["an unknown format", () => decompose(x, { formats: ["svd" as never] }), DomainError, /svd/],
    ["no time", () => decompose(x, { maxSeconds: -1 }), DomainError, /maxSeconds/],
  ])("%s", (_name, run, type, message) => {
    expect(run).toThrow(type);
    expect(run).toThrow(message);
  });
  it("the tensor that was given stays as it was", () => {
    const before = x.toArray();
    const options: DecomposeOptions = { tol: 0.01 };
    decompose(x, options);
    expect(x.toArray()).toEqual(before);
    expect(relativeError(x, { kind: "dense", data: x })).toBe(0);
    expect(x).toBeInstanceOf(Tensor);
  });
});
