// Sums of products of functions of one variable to Chebyshev-Tucker form (canonical to Tucker), by the reduced
// higher-order SVD: Khoromskij and Khoromskaia, "Multigrid accelerated tensor approximation of function related
// multidimensional arrays" (2009). The tensor of n^d coefficients is never formed.

import { matmul } from "../../ops/contract.ts";
import { concat } from "../../ops/join.ts";
import { mT, narrowAxis } from "../../ops/movement.ts";
import { uniform } from "../../random/distributions.ts";
import { foldIn, type Key, key as makeKey } from "../../random/key.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { checkFinite } from "../base/input.ts";
import { leftBasis } from "../base/truncation.ts";
import { cpRules } from "../cp/rules.ts";
import { checkDegrees, checkTolerances, truncated } from "./approximate.ts";
import { ChebTucker } from "./chebTucker.ts";
import {
  chebyshevCoefficients,
  chebyshevNodes,
  checkDomain,
  type Interval,
  neededLength,
} from "./chebyshev.ts";

/** f(x) = Σ_s weights[s] Π_k g_{s,k}(x_k). */
export interface CanonicalFunction {
  /** `[R]` */
  readonly weights: Tensor;
  /** For each variable: points `[n]` to the values of all terms there, `[n, R]`. */
  readonly factors: readonly ((points: Tensor) => Tensor)[];
}

export interface CanonicalOptions extends IterationOptions {
  readonly domain: readonly Interval[];
  /** Chebyshev nodes in each variable, or `auto` (default). */
  readonly degree?: "auto" | readonly number[];
  /** Relative tolerance of the series and of the ranks; 1e-8 unless told. */
  readonly tol?: number;
  /** 257 unless told. */
  readonly maxDegree?: number;
  /** Of the random points at which the error is measured; key(0) unless told. */
  readonly key?: Key;
}

/** A long sum in parts that fit into memory. */
export interface CanonicalParts {
  readonly count: number;
  part(index: number): CanonicalFunction;
}

/** Share of the tolerance that bases may cost. */
const BASIS = 0.1;
/** Random points at which the error is measured. */
const VALIDATION = 500;
const FIRST = 9;

/**
 * The Chebyshev-Tucker form of a canonical sum of R terms: only the functions of one variable are sampled and transformed
 * (`[n, R]` a variable), a truncated SVD of each such matrix, with the sizes of the terms folded in, gives the bases, and
 * the sum projected on them a small core, which ST-HOSVD and HOOI reduce further. O(d n R min(n, R) + R Π r_k).
 *
 * @throws as `chebTucker`, and ShapeError for factors that do not give `[n, R]`.
 */
export function chebTuckerFromCp(f: CanonicalFunction, options: CanonicalOptions): ChebTucker {
  const what = "chebTuckerFromCp";
  if (!(f.weights instanceof Tensor) || f.weights.ndim !== 1 || f.weights.size === 0)
    throw new ShapeError(`${what}: weights must be a vector with at least one term`);
  return compressSum({ count: 1, part: () => f }, options, what);
}

/** The same for a sum in parts. */
export function compressSum(sum: CanonicalParts, options: CanonicalOptions, what: string): ChebTucker {
  const { domain, degree = "auto", tol = 1e-8, maxDegree = 257, key = makeKey(0) } = options;
  checkDomain(domain, what);
  checkTolerances(what, tol, maxDegree);
  if (degree !== "auto") checkDegrees(degree, domain.length, what);
  const steps = 2 * sum.count;
  let done = 0;
  const report = (stage: string): void => {
    checkAborted(options.signal, what);
    options.onProgress?.({ fraction: Math.min(1, ++done / steps), stage });
  };
  let counts = degree === "auto" ? domain.map(() => Math.min(FIRST, maxDegree)) : [...degree];
  let evaluations = 0;
  let converged = true;
  // Several parts are of one kind: the degree that the first needs serves all.
  for (;;) {
    const tails = tailsOf(seriesOf(sum.part(0), counts, domain, what));
    const open = tails.map(({ last, largest }) => last > tol * largest);
    converged = !open.includes(true);
    if (degree !== "auto" || converged || !open.some((grow, k) => grow && counts[k]! < maxDegree)) {
      if (degree === "auto") counts = tails.map(({ needed }) => needed(tol));
      break;
    }
    counts = counts.map((n, k) => (open[k] ? Math.min(maxDegree, 2 * n - 1) : n));
  }
  const bases: (Tensor | null)[] = domain.map(() => null);
  for (let index = 0; index < sum.count; index++) {
    const series = seriesOf(sum.part(index), counts, domain, what);
    evaluations += series.factors.reduce((total, u) => total + u.size, 0);
    const sizes = termSizes(series);
    series.factors.forEach((u, k) => {
      const weighted = u.mul(new Tensor(sizes[k]!, [1, sizes[k]!.length], "float64"));
      const before = bases[k];
      bases[k] = spanOf(before ? concat([before, weighted], 1) : weighted, BASIS * tol);
    });
    report("bases");
  }
  const units = bases.map((basis) => orthonormalPart(basis!));
  let core: Tensor | null = null;
  for (let index = 0; index < sum.count; index++) {
    const { weights, factors } = seriesOf(sum.part(index), counts, domain, what);
    const small = factors.map((u, k) => matmul(mT(units[k]!), u).contiguous());
    const part = cpRules.full({ kind: "cp", weights, factors: small });
    core = core ? core.add(part) : part;
    report("core");
  }
  const reduced = truncated(core!.contiguous(), tol);
  const factors = reduced.factors.map((u, k) => matmul(units[k]!, u));
  const form = new ChebTucker(reduced.core, factors, domain);
  const error = measure(form, sum, domain, foldIn(key, 0));
  return new ChebTucker(form.core, form.factors, domain, { evaluations, error, converged });
}

interface Series {
  readonly weights: Tensor;
  /** Coefficients `[n, R]`. */
  readonly factors: readonly Tensor[];
}

function seriesOf(
  f: CanonicalFunction,
  counts: readonly number[],
  domain: readonly Interval[],
  what: string,
): Series {
  if (f.factors.length !== domain.length)
    throw new ShapeError(`${what}: ${domain.length} factors were expected, got ${f.factors.length}`);
  checkFinite(f.weights, `${what}: weights`);
  const factors = f.factors.map((g, k) => {
    const nodes = chebyshevNodes(counts[k]!, domain[k]!);
    const values = valuesAt(g, new Tensor(nodes, [nodes.length], "float64"), f.weights.size, k, what);
    return chebyshevCoefficients(values, 0).contiguous();
  });
  return { weights: f.weights.astype("float64"), factors };
}

function valuesAt(
  g: (points: Tensor) => Tensor,
  points: Tensor,
  terms: number,
  mode: number,
  what: string,
): Tensor {
  const values = g(points);
  if (
    !(values instanceof Tensor) ||
    values.ndim !== 2 ||
    values.shape[0] !== points.size ||
    values.shape[1] !== terms
  )
    throw new ShapeError(
      `${what}: factor ${mode} must give [${points.size}, ${terms}] for ${points.size} points and ${terms} terms, got ${values instanceof Tensor ? formatShape(values.shape) : typeof values}`,
    );
  const real = values.astype("float64").contiguous();
  checkFinite(real, `${what}: values of factor ${mode}`);
  return real;
}

/** For each mode and term: |weight| times the norms of its factors in all other modes. */
function termSizes({ weights, factors }: Series): Float64Array[] {
  const norms = factors.map((u) => u.square().sum({ axis: 0 }).sqrt().contiguous().data());
  const w = weights.contiguous().data();
  return factors.map((_, k) =>
    Float64Array.from({ length: w.length }, (_, s) =>
      norms.reduce((product, list, j) => (j === k ? product : product * list[s]!), Math.abs(w[s]!)),
    ),
  );
}

/** How far the series of each mode have fallen. */
function tailsOf(series: Series): { last: number; largest: number; needed: (tol: number) => number }[] {
  const sizes = termSizes(series);
  return series.factors.map((u, k) => {
    const rows = u
      .mul(new Tensor(sizes[k]!, [1, sizes[k]!.length], "float64"))
      .square()
      .sum({ axis: 1 })
      .sqrt();
    const norms = Float64Array.from(rows.contiguous().data());
    const largest = Math.max(...norms);
    return {
      last: norms.length < 3 ? Number.POSITIVE_INFINITY : Math.max(...norms.slice(-2)),
      largest,
      needed: (tol) => Math.max(1, neededLength(norms, 0.1 * tol * largest)),
    };
  });
}

/** The leading left singular vectors of a matrix times their values, as far as a relative tolerance asks. */
function spanOf(matrix: Tensor, rtol: number): Tensor {
  const norm = frobenius(matrix);
  if (norm === 0) return narrowAxis(matrix, 1, 0, 1).contiguous();
  const { u, singularValues } = leftBasis(matrix, 0, { delta: rtol * norm, method: "svd" }, norm);
  const r = u.shape[1]!;
  return u.mul(new Tensor(singularValues.slice(0, r), [1, r], "float64")).contiguous();
}

/** The columns of a basis, scaled to length 1. */
function orthonormalPart(basis: Tensor): Tensor {
  const norms = basis.square().sum({ axis: 0, keepDims: true }).sqrt();
  return basis.div(norms.equal(0).where(1, norms)).contiguous();
}

/** Largest error at random points, relative to the largest value there. */
function measure(form: ChebTucker, sum: CanonicalParts, domain: readonly Interval[], key: Key): number {
  const columns = domain.map(([a, b], k) =>
    uniform(foldIn(key, k), [VALIDATION])
      .mul(b - a)
      .add(a),
  );
  const points = concat(
    columns.map((column) => column.reshape([VALIDATION, 1])),
    1,
  );
  let exact: Tensor | null = null;
  for (let index = 0; index < sum.count; index++) {
    const { weights, factors } = sum.part(index);
    const products = factors.map((g, k) => g(columns[k]!)).reduce((a, b) => a.mul(b));
    const values = matmul(products, weights);
    exact = exact ? exact.add(values) : values;
  }
  const largest = exact!.abs().max().item();
  const worst = form.evaluate(points).sub(exact!).abs().max().item();
  return largest > 0 ? worst / largest : worst;
}

/** Throws DomainError unless a number is a positive integer. */
export function checkPositiveInteger(value: number, name: string): void {
  if (!(Number.isInteger(value) && value >= 1))
    throw new DomainError(`${name} must be an integer of at least 1, got ${value}`);
}
