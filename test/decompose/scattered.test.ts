// Models of scattered entries: what they refuse, and what they find on small data.
import {
  anovaF,
  type CellData,
  type CompletionData,
  cellInfluence,
  chi2,
  dain,
  denseToSparse,
  entityImportance,
  full as fullOf,
  funbat,
  neuralTensorCompletion,
  nonnegativeTucker,
  panther,
  pathwayTensor,
  poissonCp,
  selectPathways,
  tensorGp,
  tensorGpst,
  tucker,
  undercountedCompletion,
} from "polyadic/decompose";
import { solve } from "polyadic/linalg";
import { softmaxRegression } from "polyadic/nn";
import { concat, einsum } from "polyadic/ops";
import { key, normal, poisson, randint, uniform } from "polyadic/random";
import {
  DomainError,
  DTypeError,
  eye,
  full,
  ones,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from "polyadic/tensor";
import { grad } from "polyadic/transform";
import { describe, expect, it } from "vitest";
import { heldOutFit } from "../../src/decompose/regression/heldOut.ts";

const rows = (count: number, width: number, seed = 1): Tensor => uniform(key(seed), [count, width]);

describe("funbat", () => {
  const coords = rows(30, 2);
  const values = coords.sum({ axis: 1 });
  const ranks = [1, 1];

  it("refuses bad input by name", () => {
    expect(() => funbat(key(0), { coords: values, values }, { ranks })).toThrow(ShapeError);
    expect(() => funbat(key(0), { coords, values: coords }, { ranks })).toThrow(/values: shape \[30\]/);
    expect(() => funbat(key(0), { coords: rows(1, 2), values: tensor([1]) }, { ranks })).toThrow(
      /at least 2/,
    );
    expect(() => funbat(key(0), { coords, values: values.div(0) }, { ranks })).toThrow(
      /values: 30 numbers are not finite/,
    );
    expect(() => funbat(key(0), { coords, values }, { ranks: [1, 0] })).toThrow(/ranks/);
    expect(() => funbat(key(0), { coords, values }, { ranks: [1] })).toThrow(ShapeError);
    expect(() => funbat(key(0), { coords, values }, { ranks: [1, 2], form: "cp" })).toThrow(/equal ones/);
    expect(() => funbat(key(0), { coords, values }, { ranks, damping: 1 })).toThrow(/damping/);
  });

  it.each(["tucker", "cp"] as const)("a constant coordinate does no harm, %s", (form) => {
    const flat = tensor(Array.from({ length: 40 }, (_, i) => [i / 39, 7]));
    const y = flat.at(":", 0).mul(3).sin();
    const fit = funbat(key(0), { coords: flat, values: y }, { ranks, form, maxIterations: 60 });
    const { mean, variance } = fit.predict(
      tensor([
        [0.505, 7],
        [3, 7],
      ]),
    );
    expect(Math.abs((mean.toArray() as number[])[0]! - Math.sin(1.515))).toBeLessThan(0.05);
    const [near, far] = variance.toArray() as [number, number];
    expect(far).toBeGreaterThan(10 * near);
    expect(fit.core.shape).toEqual([1, 1]);
    expect(fit.factor(0, tensor([0.1, 0.2])).covariance.shape).toEqual([2, 1, 1]);
  });
});

describe("counts", () => {
  const shape = [4, 5, 6] as const;
  const indices = tensor(
    Array.from({ length: 60 }, (_, i) => [i % 4, i % 5, i % 6]),
    { dtype: "int32" },
  );
  const counts = poisson(key(1), full([60], 5));
  const features = normal(key(2), [60, 2]);

  it("poissonCp never lowers the likelihood and keeps the total of the entries", () => {
    const fit = poissonCp(key(0), { indices, counts, shape }, { rank: 2, tol: 0, maxIterations: 40 });
    for (let i = 1; i < fit.history.length; i++)
      expect(fit.history[i]!).toBeLessThanOrEqual(fit.history[i - 1]! + 1e-9);
    expect(fit.iterations).toBe(40);
  });

  it("adds repeated cells with a note, and fills rows that were never seen", () => {
    const twice = tensor(
      [
        [0, 0],
        [0, 0],
        [1, 1],
      ],
      { dtype: "int32" },
    );
    const fit = poissonCp(key(0), { indices: twice, counts: tensor([1, 2, 4]), shape: [3, 2] }, { rank: 1 });
    expect(fit.notes.join(" ")).toMatch(/1 of 3 rows repeat/);
    expect(fit.emptyRows).toEqual([[2], []]);
    expect((fit.factors[0]!.toArray() as number[][])[2]![0]!).toBeGreaterThan(0);
  });

  it("refuses bad input by name", () => {
    const bad =
      (y: Tensor): (() => unknown) =>
      () =>
        poissonCp(key(0), { indices, counts: y, shape }, { rank: 1 });
    expect(bad(counts.astype("float64").sub(100))).toThrow(/row 0: a number of at least 0/);
    expect(bad(counts.astype("float64").add(0.5))).toThrow(/allowReal/);
    expect(bad(zeros([60]))).toThrow(/all are 0/);
    expect(() => poissonCp(key(0), { indices, counts, shape: [4, 5, 5] }, { rank: 1 })).toThrow(
      /row 5: index 5/,
    );
    expect(() => poissonCp(key(0), { indices, counts, shape }, { rank: 0 })).toThrow(DomainError);
    const of = { indices, counts, shape, features };
    expect(() => undercountedCompletion(key(0), of, { rank: 1, mu: 0 })).toThrow(/mu/);
    expect(() =>
      undercountedCompletion(key(0), { ...of, features: features.div(0).mul(0) }, { rank: 1 }),
    ).toThrow(/every row/);
    expect(() => undercountedCompletion(key(0), { ...of, features: counts }, { rank: 1 })).toThrow(
      ShapeError,
    );
  });

  it("rows without features still count", () => {
    const data = features.toTypedArray();
    data[0] = Number.NaN;
    const holes = tensor(Array.from(data, Number)).reshape([60, 2]);
    const fit = undercountedCompletion(
      key(0),
      { indices, counts, shape, features: holes },
      { rank: 1, maxIterations: 3 },
    );
    const found = fit.detection(holes).toArray() as number[];
    expect(found[0]).toBeNaN();
    expect(found.slice(1).every((p) => p > 0 && p < 1)).toBe(true);
    expect(fit.lambda.factors[1]!.shape).toEqual([5, 1]);
  });
});

describe("neural completion", () => {
  const shape = [6, 7] as const;
  const indices = tensor(
    Array.from({ length: 60 }, (_, i) => [i % 6, (3 * i) % 7]),
    { dtype: "int32" },
  );
  const values = indices.astype("float64").sum({ axis: 1 });
  const data: CompletionData = { indices, values, shape };
  const model = { embedding: 3, hidden: [8], epochs: 4, batch: 16, learningRate: 1e-2 };

  it("influence collected in training is that of the checkpoints", () => {
    const fit = neuralTensorCompletion(key(3), data, model);
    expect(fit.checkpoints).toHaveLength(fit.bestEpoch + 1);
    const again = cellInfluence(fit, fit.train, fit.validation).toArray() as number[];
    const largest = Math.max(...again.map(Math.abs));
    (fit.influence.toArray() as number[]).forEach((value, i) => {
      expect(Math.abs(value - again[i]!)).toBeLessThan(1e-5 * largest);
    });
  });

  it("influence is the product of gradients in the last layer, cell by cell", () => {
    const fit = neuralTensorCompletion(key(4), data, model);
    const known = fit.train.values.toArray() as number[];
    const mean = known.reduce((sum, y) => sum + y, 0) / known.length;
    const spread = Math.sqrt(known.reduce((sum, y) => sum + (y - mean) ** 2, 0) / known.length);
    // ½(ŷ − y)² of one cell as a function of the last layer's weights, differentiated by the library.
    const slopes = (params: (typeof fit.checkpoints)[number], cells: CellData): number[][] =>
      (cells.indices.toArray() as number[][]).map((place, i) => {
        const x = concat(
          place.map((p, mode) => params.embeddings[mode]!.at(p)),
          0,
        );
        const [inner] = params.hidden;
        const h = x.matmul(inner!.weight).add(inner!.bias!).maximum(0);
        const y = ((cells.values.toArray() as number[])[i]! - mean) / spread;
        return grad((weight: Tensor) =>
          h.matmul(weight).add(params.last.bias!).sub(y).square().sum().mul(0.5),
        )(params.last.weight)
          .ravel()
          .toArray() as number[];
      });
    const sums = known.map(() => 0);
    for (const params of fit.checkpoints) {
      const held = slopes(params, fit.validation);
      slopes(params, fit.train).forEach((own, i) => {
        for (const other of held)
          sums[i]! += own.reduce((product, value, c) => product + value * other[c]!, 0);
      });
    }
    const largest = Math.max(...sums.map(Math.abs));
    (fit.influence.toArray() as number[]).forEach((value, i) => {
      expect(Math.abs(value - sums[i]!)).toBeLessThan(1e-5 * largest);
    });
  });

  it("refuses bad input by name", () => {
    expect(() => neuralTensorCompletion(key(0), { ...data, shape: [6, 6] }, model)).toThrow(/row 2: index 6/);
    const few = { indices: indices.at(":10"), values: values.at(":10"), shape };
    expect(() => neuralTensorCompletion(key(0), few, model)).toThrow(/at least 20 cells/);
    expect(() => dain(key(0), data, { amount: -1, model })).toThrow(/amount/);
    expect(() => cellInfluence({} as never, data, data)).toThrow(DomainError);
  });

  it("constant values are predicted", () => {
    const fit = dain(key(1), { ...data, values: full([60], 4) }, { amount: 0.2, model });
    for (const y of fit.predict(indices).toArray() as number[]) expect(Math.abs(y - 4)).toBeLessThan(1);
    for (const weights of fit.importance) expect(weights.sum().item()).toBeCloseTo(1, 9);
  });

  it("importance sums sizes of influence", () => {
    const [first] = entityImportance(
      tensor([1, -3]),
      tensor(
        [
          [0, 0],
          [1, 0],
        ],
        { dtype: "int32" },
      ),
      [3, 1],
    );
    expect(first!.toArray()).toEqual([0.25, 0.75, 0]);
  });
});

describe("pathways", () => {
  const x = poisson(key(5), full([30, 8], 2)).astype("float64");
  const membership = tensor([
    [1, 1, 1, 0, 0, 0, 0, 0],
    [0, 0, 0, 1, 1, 1, 0, 0],
    [0, 0, 0, 0, 0, 0, 1, 1],
    [0, 0, 0, 0, 0, 0, 0, 0],
  ]);
  const labels = randint(key(6), [30], 0, 2);
  const ranks = [2, 2, 2] as const;

  it("leaves out pathways without variants and predicts known labels", () => {
    const fit = panther(
      key(0),
      { x, membership, labels: labels.mul(5).astype("int32") },
      { ranks, top: 3, maxIterations: 10 },
    );
    expect(fit.dropped).toEqual([3]);
    expect(fit.memberships.shape).toEqual([4, 2]);
    expect((fit.predict(x).toArray() as number[]).every((y) => y === 0 || y === 5)).toBe(true);
    const byHand = pathwayTensor(x, membership.at(fit.selected as number[]))
      .sum({ axis: 2 })
      .matmul(fit.model.factors[1]!);
    expect(fit.scores.sub(byHand).abs().max().item()).toBeLessThan(1e-9);
  });

  it("lists of entries give what arrays give", () => {
    const options = { ranks, maxIterations: 60, exclusivity: 0.1, bySize: true } as const;
    const dense = panther(key(0), { x, membership, labels }, options);
    const sparse = panther(key(0), { x: denseToSparse(x), membership, labels }, options);
    expect(sparse.selected).toEqual(dense.selected);
    expect(sparse.dropped).toEqual([3]);
    expect(Math.abs(sparse.model.error - dense.model.error)).toBeLessThan(0.01);
    const cut = { ...denseToSparse(x.at(":4")), shape: [4, 8] };
    expect(sparse.predict(cut).toArray()).toEqual(sparse.predict(x.at(":4")).toArray());
    const cube = pathwayTensor(x, membership);
    const whole = panther(
      key(0),
      { x: denseToSparse(cube), labels },
      { ...options, bySize: false, transductive: denseToSparse(cube.at(":5")) },
    );
    expect(whole.dropped).toEqual([3]);
    expect(whole.scores.shape).toEqual([30, 2]);
    expect(whole.predict(cube.at(":5")).toArray()).toEqual(
      whole.predict(denseToSparse(cube.at(":5"))).toArray(),
    );
  });

  it("refuses bad input by name", () => {
    const of = { x, membership, labels };
    expect(() => panther(key(0), { ...of, x: x.sub(9) }, { ranks })).toThrow(/negative entry/);
    expect(() => panther(key(0), { ...of, labels: zeros([30], "int32") }, { ranks })).toThrow(/two classes/);
    expect(() => panther(key(0), of, { ranks: [2, 4, 2] })).toThrow(DomainError);
    expect(() => panther(key(0), of, { ranks, top: 9 })).toThrow(/top/);
    const entries = { ...denseToSparse(x), values: denseToSparse(x).values.map((value) => -value) };
    expect(() => panther(key(0), { ...of, x: entries }, { ranks })).toThrow(/negative/);
    const wide = { ...denseToSparse(x), shape: [30, 99] };
    expect(() => panther(key(0), { ...of, x: wide }, { ranks })).toThrow(ShapeError);
    const mixed = { ranks, transductive: x.at(":2") };
    expect(() => panther(key(0), { ...of, x: denseToSparse(x) }, mixed)).toThrow(/transductive/);
    const three = { x: x.at(":2"), membership, labels: tensor([0, 1], { dtype: "int32" }) };
    expect(() => panther(key(0), three, { ranks })).toThrow(/more patients/);
    expect(() => selectPathways(x, labels, { top: 1 })).toThrow(ShapeError);
  });

  it("the tests of association agree with SciPy", () => {
    const table = tensor([
      [1, 0],
      [2, 1],
      [3, 1],
      [6, 4],
      [7, 2],
      [9, 5],
    ]);
    const classes = tensor([0, 0, 0, 1, 1, 1], { dtype: "int32" });
    // scipy.stats.f_oneway; sums over classes against their expectations in scipy.stats.chisquare.
    const f = anovaF(table, classes);
    expect((f.statistics.toArray() as number[])[0]!).toBeCloseTo(25.6, 8);
    expect((chi2(table, classes).statistics.toArray() as number[])[0]!).toBeCloseTo(9.14285714286, 8);
    expect((f.pValues.toArray() as number[])[0]!).toBeCloseTo(0.007182328566300211, 12);
    expect(() => chi2(table.sub(5), classes)).toThrow(/negative/);
    expect(() => anovaF(table, classes.astype("float64"))).toThrow(DTypeError);
  });

  it("fixed factors of a non-negative Tucker stay, and penalties do what they say", () => {
    const tensor3 = uniform(key(8), [5, 6, 4]);
    const u = uniform(key(9), [6, 2]);
    const fit = nonnegativeTucker(tensor3, { ranks: [2, 2, 2], fixed: [null, u], maxIterations: 20 });
    expect(fit.factors[1]!.toArray()).toEqual(u.toArray());
    for (const method of ["hals", "mu"] as const) {
      const plain = nonnegativeTucker(tensor3, { ranks: [2, 2, 2], method, maxIterations: 50 });
      const sparse = nonnegativeTucker(tensor3, { ranks: [2, 2, 2], method, l1: 0.5, maxIterations: 50 });
      expect(sparse.core.sum().item()).toBeLessThan(plain.core.sum().item());
      const apart = nonnegativeTucker(tensor3, {
        ranks: [2, 2, 2],
        method,
        orthogonal: { mode: 1, weight: 0.5 },
        maxIterations: 50,
      });
      const overlap = (v: Tensor): number => v.mT().matmul(v).at(0, 1).item();
      expect(overlap(apart.factors[1]!)).toBeLessThan(overlap(plain.factors[1]!));
    }
    expect(() => nonnegativeTucker(tensor3, { ranks: [2, 2, 2], l1: -1 })).toThrow(/l1/);
    expect(() => nonnegativeTucker(tensor3, { ranks: [2, 2, 2], fixed: [u] })).toThrow(ShapeError);
    expect(() =>
      nonnegativeTucker(tensor3, { ranks: [2, 2, 2], orthogonal: { mode: 3, weight: 1 } }),
    ).toThrow(/mode/);
  });

  it("a non-negative Tucker of a list of entries is that of the array it stands for", () => {
    const x = einsum(
      "abc,ia,jb,kc->ijk",
      uniform(key(1), [2, 2, 2]),
      ...[9, 8, 7].map((n, k) =>
        uniform(key(k + 2), [n, 2])
          .sub(0.5)
          .maximum(0),
      ),
    );
    const entries = denseToSparse(x);
    expect(entries.values.length).toBeLessThan(x.size / 2);
    for (const nonneg of ["hals", "mu"] as const) {
      const fit = tucker(entries, { ranks: [2, 2, 2], nonneg, maxIterations: 400 });
      expect(fit.error).toBeLessThan(0.02);
      expect(fullOf(fit).sub(x).square().sum().item()).toBeLessThan(4e-4 * x.square().sum().item());
      expect(Math.min(...[fit.core, ...fit.factors].map((u) => u.min().item()))).toBeGreaterThanOrEqual(0);
    }
    const huge = { ...entries, values: entries.values.map((value) => value * 1e200) };
    expect(nonnegativeTucker(huge, { ranks: [2, 2, 2] }).error).toBeLessThan(0.02);
    expect(() => nonnegativeTucker({ ...entries, shape: [3, 3, 3] }, { ranks: [2, 2, 2] })).toThrow(
      ShapeError,
    );
  });

  it("columns stay alive at any weight of their overlap", () => {
    const own = Array.from({ length: 12 }, (_, i) => [0, 1, 2].map((c) => (i % 3 === c ? 1 : 0)));
    const groups = uniform(key(2), [12, 3]).mul(0.3).add(tensor(own));
    const x = einsum("ia,pa,va->ipv", uniform(key(1), [20, 3]), groups, uniform(key(3), [10, 3]));
    const apart = (
      method: "hals" | "mu",
      weight: number,
    ): { overlap: number; error: number; least: number } => {
      const orthogonal = { mode: 1, weight };
      const found = nonnegativeTucker(x, { ranks: [3, 3, 3], method, orthogonal, maxIterations: 100 });
      const u = found.factors[1]!;
      return {
        overlap: u.mT().matmul(u).sum().item() - 3,
        error: found.error,
        least: found.core
          .sum({ axis: [0, 2] })
          .min()
          .item(),
      };
    };
    for (const method of ["hals", "mu"] as const) {
      const plain = apart(method, 0);
      for (const weight of [50, 1e6, Number.POSITIVE_INFINITY]) {
        const { overlap, error, least } = apart(method, weight);
        expect(least).toBeGreaterThan(5);
        expect(error).toBeLessThan(0.3);
        expect(overlap).toBeLessThan(plain.overlap / 4);
      }
    }
  });
});

it("softmax regression separates what can be, and refuses the rest", () => {
  const x = tensor([
    [0, 1],
    [0.1, 1],
    [2, 1],
    [2.1, 1],
  ]);
  const labels = tensor([0, 0, 1, 1], { dtype: "int32" });
  const fit = softmaxRegression(x, labels);
  expect(fit.converged).toBe(true);
  expect(fit.predict(x).toArray()).toEqual([0, 0, 1, 1]);
  expect(() => softmaxRegression(x, labels.mul(0).astype("int32"))).toThrow(/same class/);
  expect(() => softmaxRegression(x, labels, { c: 0 })).toThrow(/c:/);
  expect(() => softmaxRegression(x.div(0), labels)).toThrow(/row 0/);
});

describe("tensorGpst", () => {
  const x = normal(key(1), [8, 4, 4, 2]);
  const y = x.sum({ axis: [1, 2, 3] });
  const options = { latent: [2, 2], ranks: [1, 1, 1], lambda: 0.1, maxIterations: 5, restarts: 1 } as const;

  it("a constant y is predicted, and the objective never rises", () => {
    const fit = tensorGpst(key(0), { x, y: ones([8]).mul(3) }, options);
    for (const value of fit.predict(x).mean.toArray() as number[]) expect(value).toBeCloseTo(3, 9);
    const { history } = tensorGpst(key(0), { x, y }, options);
    for (let i = 1; i < history.length; i++) expect(history[i]!).toBeLessThanOrEqual(history[i - 1]! + 1e-9);
    expect(tensorGp(key(0), { x, y }, options).A.shape).toEqual([4, 4]);
  });

  it("refuses bad input by name", () => {
    expect(() => tensorGpst(key(0), { x, y }, { ...options, latent: [5, 2] })).toThrow(/latent/);
    expect(() => tensorGpst(key(0), { x: x.at(":2"), y: y.at(":2") }, options)).toThrow(/at least 3/);
    expect(() => tensorGpst(key(0), { x: x.div(0), y }, options)).toThrow(/not finite/);
    expect(() => tensorGpst(key(0), { x, y }, { ...options, lambda: -1 })).toThrow(/lambda/);
    expect(() => tensorGpst(key(0), { x, y }, { ...options, heldOut: 1 })).toThrow(/heldOut/);
    expect(() => tensorGpst(key(0), { x: y, y }, options)).toThrow(ShapeError);
  });

  it("has bands as wide as its errors where images are held out, and too narrow ones without", () => {
    const coverage = (draw: number, heldOut: number): number => {
      const images = normal(key(draw), [160, 5, 5, 1]);
      const sums = images.at(":", "0:3", "0:3", 0).sum({ axis: [1, 2] });
      const values = sums.add(normal(key(10 + draw), [160]));
      const fit = tensorGpst(
        key(0),
        { x: images.at(":60"), y: values.at(":60") },
        { latent: [3, 3], ranks: [3, 3, 1], lambda: 0, restarts: 2, maxIterations: 300, heldOut },
      );
      const { mean, variance } = fit.predict(images.at("60:"));
      const width = variance
        .add(fit.noise ** 2)
        .sqrt()
        .mul(1.96);
      return values.at("60:").sub(mean).abs().lessEqual(width).astype("float64").mean().item();
    };
    const average = (heldOut: number): number =>
      [1, 2, 3].reduce((sum, draw) => sum + coverage(draw, heldOut) / 3, 0);
    const [chosen, published] = [average(1 / 3), average(0)];
    expect(chosen).toBeGreaterThan(0.85);
    expect(published).toBeLessThan(chosen - 0.05);
  });

  it("takes the noise with which held-out values are likeliest", () => {
    const [g, held] = [normal(key(4), [30, 3]), normal(key(5), [12, 3])];
    const weights = tensor([1, -2, 0.5]);
    const seen = { g, y: g.matmul(weights).add(normal(key(6), [30]).mul(0.3)) };
    const unseen = { g: held, y: held.matmul(weights).add(normal(key(7), [12]).mul(0.3)) };
    // The same density from the posterior of the weights.
    const lossAt = (noise: number): number => {
      const precision = g.transpose().matmul(g).div(noise).add(eye(3));
      const mean = held.matmul(solve(precision, g.transpose().matmul(seen.y).div(noise)));
      const variance = held.mul(solve(precision, held.transpose()).transpose()).sum({ axis: 1 }).add(noise);
      const residual = unseen.y.sub(mean);
      return variance
        .mul(2 * Math.PI)
        .log()
        .add(residual.square().div(variance))
        .sum()
        .div(2)
        .item();
    };
    const { loss, logNoise } = heldOutFit(seen, unseen);
    expect(loss).toBeCloseTo(lossAt(Math.exp(logNoise)), 9);
    for (const factor of [0.5, 0.9, 1.1, 2])
      expect(lossAt(Math.exp(logNoise) * factor)).toBeGreaterThan(loss);
  });
});
