import {
  irsChannel,
  type KroneckerSblOptions,
  kronecker,
  kroneckerSbl,
  orthogonalMatchingPursuit,
  sparseBayesianLearning,
} from "polyadic/decompose";
import { inv, Kronecker, norm, slogdet } from "polyadic/linalg";
import { foldIn, key, normal } from "polyadic/random";
import { eye, type Tensor, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";

const gap = (a: Tensor, b: Tensor): number => norm(a.sub(b).ravel()).item();
const relative = (a: Tensor, b: Tensor): number => gap(a, b) / norm(b.ravel()).item();
type Field = "float64" | "complex128";

/** Two dictionaries, and y of a 2 × 2 product support with a little noise. */
function problem(
  dtype: Field,
  sizes: readonly (readonly [number, number])[] = [
    [6, 8],
    [5, 7],
  ],
  noise = 1e-3,
) {
  const dictionaries = sizes.map(([m, n], i) => normal(foldIn(key(1), i), [m, n], { dtype }));
  const parts = sizes.map(([, n], i) => {
    const values = normal(foldIn(key(2), i), [n], { dtype });
    return values.mul(tensor(Array.from({ length: n }, (_, j) => Number(j === 1 || j === 4))));
  });
  const x = parts.reduce((a, b) => a.expandDims(1).mul(b).ravel());
  const clean = kronecker(dictionaries).matmul(x);
  return { dictionaries, x, y: clean.add(normal(key(3), [clean.size], { dtype }).mul(noise)), noise };
}

describe("kroneckerSbl", () => {
  for (const dtype of ["float64", "complex128"] as const) {
    it(`${dtype}: mean, variance and cost are those of the full matrix`, () => {
      const { dictionaries, y } = problem(dtype);
      const options = { noiseVariance: 0.3, prune: 0, rtol: 0 } as const;
      const before = kroneckerSbl(dictionaries, y, { ...options, iterations: 2 });
      const [g1, g2] = before.hyperparameters as [Tensor, Tensor];
      const g = g1.expandDims(1).mul(g2).ravel();
      const a = kronecker(dictionaries);
      const phi = a.mul(g).matmul(a.mT().conj()).add(eye(30).mul(0.3));
      const inverse = inv(phi);
      const gain = a.mT().conj().matmul(inverse);
      expect(relative(before.mean, gain.matmul(y).mul(g))).toBeLessThan(1e-11);
      const explained = gain.mul(a.mT()).sum({ axis: 1 }).real();
      expect(relative(before.variance, g.sub(g.mul(g).mul(explained)))).toBeLessThan(1e-11);
      const fit = y.conj().mul(inverse.matmul(y)).sum().real().item();
      expect(before.cost.at(-1)).toBeCloseTo(slogdet(phi).logAbs.item() + fit, 9);
      expect(before.variance.dtype).toBe("float64");
      // One step further: singular vectors of Λ.
      const after = kroneckerSbl(dictionaries, y, { ...options, iterations: 3 });
      const lambda = before.variance.add(before.mean.abs().square()).reshape([8, 7]);
      const [n1, n2] = after.hyperparameters as [Tensor, Tensor];
      expect(norm(n1).item()).toBeCloseTo(1, 12);
      expect(relative(lambda.matmul(n2), n1.mul(n2.square().sum()))).toBeLessThan(1e-10);
      expect(relative(lambda.mT().matmul(n1), n2)).toBeLessThan(1e-10);
    });
    for (const update of ["svd", "am"] as const)
      it(`${dtype}, ${update}: finds the support`, () => {
        const { dictionaries, x, y, noise } = problem(dtype);
        const run = kroneckerSbl(dictionaries, y, { noiseVariance: noise ** 2, update });
        expect(relative(run.mean, x)).toBeLessThan(5e-3);
        expect(run.mean.dtype).toBe(dtype);
        run.hyperparameters.forEach((g) => {
          const large = Array.from(g.data()).flatMap((value, i) => (value > 0 ? [i] : []));
          expect(large).toEqual([1, 4]);
        });
        const learned = kroneckerSbl(dictionaries, y, { noiseVariance: "estimate", update });
        expect(relative(learned.mean, x)).toBeLessThan(1e-2);
        expect(learned.noiseVariance).toBeLessThan(0.01);
      });
  }
  it("with alternating means the cost never rises, also with three dictionaries and blocks", () => {
    const three = problem(
      "float64",
      [
        [4, 6],
        [5, 6],
        [3, 5],
      ],
      0.05,
    );
    const cases: [ReturnType<typeof problem>, Partial<KroneckerSblOptions>][] = [
      [problem("complex128", undefined, 0.1), {}],
      [three, {}],
      [three, { blockSizes: [2, 3, 1] }],
    ];
    for (const [{ dictionaries, y }, options] of cases) {
      const { cost } = kroneckerSbl(dictionaries, y, {
        noiseVariance: 0.01,
        update: "am",
        prune: 0,
        rtol: 0,
        iterations: 40,
        ...options,
      });
      expect(cost.length).toBe(41);
      for (let i = 1; i < cost.length; i++)
        expect(cost[i]).toBeLessThanOrEqual(cost[i - 1]! + 1e-9 * Math.abs(cost[i - 1]!));
    }
  });
  it("learns the noise as expectation-maximisation says", () => {
    const { dictionaries, y } = problem("float64", undefined, 0.5);
    const options = { noiseVariance: "estimate", update: "am", prune: 0, rtol: 0 } as const;
    const { cost, noiseVariance } = kroneckerSbl(dictionaries, y, { ...options, iterations: 60 });
    for (let i = 1; i < cost.length; i++) expect(cost[i]).toBeLessThanOrEqual(cost[i - 1]! + 1e-9);
    expect(noiseVariance).toBeGreaterThan(0.25 / 4);
    expect(noiseVariance).toBeLessThan(0.25 * 4);
  });
  it("one dictionary is plain sparse Bayesian learning; blocks share", () => {
    const { dictionaries, y } = problem("float64");
    const full = kronecker(dictionaries);
    const plain = sparseBayesianLearning(full, y, { noiseVariance: 1e-4 });
    const one = kroneckerSbl([full], y, { noiseVariance: 1e-4, update: "svd" });
    expect(gap(plain.mean, one.mean)).toBe(0);
    const blocks = kroneckerSbl(dictionaries, y, { noiseVariance: 1e-4, blockSizes: [2, 7] });
    const [g1, g2] = blocks.hyperparameters.map((g) => Array.from(g.data()));
    for (let i = 0; i < 8; i += 2) expect(g1![i]).toBe(g1![i + 1]);
    expect(new Set(g2).size).toBe(1);
  });
  it("takes almost no noise, y = 0, float32", () => {
    const { dictionaries, x, y } = problem("float64", undefined, 0);
    const run = kroneckerSbl(dictionaries, y, { noiseVariance: 1e-300 });
    expect(run.notes[0]).toMatch(/below rounding/);
    expect(relative(run.mean, x)).toBeLessThan(1e-3);
    for (const noiseVariance of [0.1, "estimate"] as const) {
      const nothing = kroneckerSbl(dictionaries, zeros([30]), { noiseVariance });
      expect(norm(nothing.mean).item()).toBe(0);
    }
    const single = dictionaries.map((a) => a.astype("float32"));
    const narrow = kroneckerSbl(single, y.astype("float32"), { noiseVariance: 1e-6 });
    expect(narrow.mean.dtype).toBe("float32");
    expect(relative(narrow.mean, x)).toBeLessThan(1e-2);
  });
  it("throws typed errors", () => {
    const { dictionaries, y } = problem("float64");
    const run = (options: object, given = dictionaries, values = y) =>
      kroneckerSbl(given, values, { noiseVariance: 0.1, ...options });
    expect(() => run({}, [])).toThrow(/at least one matrix/);
    expect(() => run({}, dictionaries, zeros([29]))).toThrow(/y: shape \[30\], the product of the rows/);
    expect(() => run({ noiseVariance: 0 })).toThrow(/noiseVariance: a positive/);
    expect(() => run({}, [dictionaries[0]!, zeros([5, 0])])).toThrow(/dictionary 1: a matrix/);
    const gappy = dictionaries[1]!.mul(tensor([1, 1, 0, 1, 1, 1, 1]));
    expect(() => run({}, [dictionaries[0]!, gappy])).toThrow(
      /dictionary 1: column 2 holds nothing but zeros/,
    );
    expect(() => run({}, dictionaries, y.mul(Number.NaN))).toThrow(/not finite/);
    expect(() => run({}, dictionaries, zeros([30], "int32"))).toThrow(
      /complex numbers were expected, got int32/,
    );
    expect(() => run({ update: "em" })).toThrow(/"svd" or "am"/);
    expect(() => run({ prune: 1 })).toThrow(/prune/);
    expect(() => run({ rtol: -1 })).toThrow(/rtol/);
    expect(() => run({ blockSizes: [2] })).toThrow(/blockSizes: 2 were expected/);
    expect(() => run({ blockSizes: [3, 1] })).toThrow(/a divisor of the 8 columns/);
    expect(() => run({ signal: AbortSignal.abort() })).toThrow(/stopped/);
  });
});

describe("orthogonalMatchingPursuit", () => {
  for (const dtype of ["float64", "complex128"] as const)
    it(`${dtype}: finds a sparse vector exactly`, () => {
      const a = normal(key(5), [20, 40], { dtype });
      const mask = tensor(Array.from({ length: 40 }, (_, i) => Number([3, 17, 30].includes(i))));
      const x = normal(key(6), [40], { dtype }).add(2).mul(mask);
      const y = a.matmul(x);
      const run = orthogonalMatchingPursuit(a, y, { sparsity: 6 });
      expect([...run.support].sort((i, j) => i - j)).toEqual([3, 17, 30]);
      expect(relative(run.x, x)).toBeLessThan(1e-12);
      expect(run.residual).toBeLessThan(1e-11 * norm(y).item());
      const short = orthogonalMatchingPursuit(a, y, { sparsity: 2 });
      expect(short.support.length).toBe(2);
      expect(short.residual).toBeCloseTo(gap(a.matmul(short.x), y), 10);
    });
  it("ignores scale and copies of columns, and takes zero", () => {
    const a = tensor([
      [1, 1, 0],
      [0, 0, 100],
      [0, 0, 0],
    ]);
    const run = orthogonalMatchingPursuit(a, tensor([3, 1, 1]), { sparsity: 3 });
    expect(run.support).toEqual([0, 2]);
    expect(run.x.at(0).item()).toBeCloseTo(3, 12);
    expect(orthogonalMatchingPursuit(a, zeros([3]), { sparsity: 1 }).support).toEqual([]);
  });
  it("throws typed errors", () => {
    const a = normal(key(0), [4, 6]);
    expect(() => orthogonalMatchingPursuit(a, zeros([4]), { sparsity: 5 })).toThrow(/at most 4/);
    expect(() => orthogonalMatchingPursuit(a, zeros([4]), { sparsity: 0 })).toThrow(/sparsity: an integer/);
    expect(() => orthogonalMatchingPursuit(a, zeros([3]), { sparsity: 1 })).toThrow(/shape \[4\]/);
    expect(() => orthogonalMatchingPursuit(zeros([2, 2]), zeros([2]), { sparsity: 1 })).toThrow(/column 0/);
  });
});

describe("irsChannel", () => {
  it("is the signal that goes over the surface", () => {
    for (let seed = 0; seed < 5; seed++) {
      const made = irsChannel(key(seed), { snr: 20, irs: 32, angles: 10 });
      const clean = new Kronecker(made.dictionaries).apply(made.x);
      const patterns = Array.from({ length: 6 }, (_, p) => {
        const reflected = made.toSurface.mul(made.settings.at(":", p).expandDims(1));
        // [bs, pilots] of one pattern; y runs over the pilots, then the antennas.
        return made.toBase.matmul(reflected).matmul(made.sent).mT().ravel();
      });
      patterns.forEach((physical, p) => {
        expect(gap(physical, clean.at(`${48 * p}:${48 * (p + 1)}`))).toBeLessThan(1e-12 * norm(clean).item());
      });
      const power = made.y.sub(clean).abs().square().mean().item();
      expect(power / made.noiseVariance).toBeGreaterThan(0.7);
      expect(power / made.noiseVariance).toBeLessThan(1.3);
      expect(made.x.abs().greater(0).astype("int32").sum().item()).toBe(9);
    }
  });
  it("is recovered better than it is received", () => {
    const { dictionaries, x, y, noiseVariance } = irsChannel(key(1), { snr: 10 });
    const { mean } = kroneckerSbl(dictionaries, y, { noiseVariance });
    const operator = new Kronecker(dictionaries);
    expect(relative(operator.apply(mean), operator.apply(x)) ** 2).toBeLessThan(0.05);
  });
  it("throws typed errors", () => {
    expect(() => irsChannel(key(0), { snr: Number.NaN })).toThrow(/snr/);
    expect(() => irsChannel(key(0), { snr: 1, angles: 7 })).toThrow(/even number/);
    expect(() => irsChannel(key(0), { snr: 1, angles: 4, paths: 5 })).toThrow(/paths = 5/);
    expect(() => irsChannel(key(0), { snr: 1, bs: 0 })).toThrow(/bs: an integer/);
  });
});
