// Linear differential operators of functions of many variables, as sums of derivatives along curves.

import { take } from "../ops/gather.ts";
import { allocate, type DType } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { factorial } from "../transform/jet.ts";
import { type JetPlan, jetPlan } from "../transform/jetPlan.ts";
import { type Indices, mergeIndices } from "../transform/partialDerivative.ts";

/**
 * B curves through a point x `[d]`, and how to read an operator from a function along them: x + Σ curves[s]·t^slots[s]
 * has Taylor coefficients of which Σ weights[r]·(coefficient readouts[r]) is, averaged over the curves, the estimate.
 * Slots and readouts are those of the operator. A plain tree of tensors: an argument for `jit` and `vmap`.
 */
export interface Directions {
  /** One tensor `[B, d]` per slot. */
  readonly curves: readonly Tensor[];
  /** One tensor `[B]` per readout. */
  readonly weights: readonly Tensor[];
}

/**
 * A linear differential operator, as a sum of terms each of which one Taylor series gives. `laplacian`, `biharmonic`,
 * `weightedTrace` and `custom` make operators; their members are for `estimate`.
 */
export interface Operator {
  readonly name: string;
  /** Powers of t in the curve along which a function is followed. */
  readonly slots: readonly number[];
  /** Taylor coefficients of the function along the curve that are read, in ascending order. */
  readonly readouts: readonly number[];
  /** The last coefficient needed. */
  readonly order: number;
  /** Evaluated term by term, never sampled. */
  readonly isExact: boolean;
  /** Number of terms for x `[dimensions]`. Throws when the operator does not fit such an x. */
  terms(dimensions: number): number;
  /** Directions of the terms of these numbers; each alone gives its term. */
  sparse(terms: Int32Array, dimensions: number, dtype: DType): Directions;
  /** Directions of independent entries with mean 0 and variance 1; null when no such directions give the operator. */
  readonly dense: {
    /** The distributions with the right moments; the first unless told. */
    readonly distributions: readonly ("rademacher" | "normal")[];
    /** Number of entries of a direction. */
    entries(dimensions: number): number;
    /** From entries `[B, entries]`. */
    along(entries: Tensor, dimensions: number): Directions;
  } | null;
}

/** The operator evaluated in full wherever it is estimated: for derivatives by time, which are few. */
export const exactly = (op: Operator): Operator => ({ ...op, isExact: true });

/**
 * Σ ∂²f/∂xᵢ² over all variables, or over `dims`. Its terms are these derivatives; dense directions have Rademacher or
 * normal entries. Throws DomainError for empty or repeated dims.
 */
export function laplacian(options: { readonly dims?: readonly number[] } = {}): Operator {
  const dims = checkDims(options.dims, "laplacian");
  const number = (d: number): number => checkedDims(dims, d, "laplacian").length;
  return {
    ...straight("laplacian", 2),
    terms: number,
    // The second Taylor coefficient is half the second derivative.
    sparse: (terms, d, dtype) => {
      const all = checkedDims(dims, d, "laplacian");
      return along(
        unitRows(terms.length, d, dtype, (row, set) => set(all[terms[row]!]!, 1)),
        2,
      );
    },
    dense: {
      distributions: ["rademacher", "normal"],
      entries: number,
      along: (entries, d) => along(dims ? spread(entries, dims, d) : entries, 2),
    },
  };
}

/**
 * ½ tr(σσᵀ·∇²f) for σ `[d, m]`: the generator of a diffusion with noise σ. Its m terms are second derivatives along the
 * columns of σ. Throws ShapeError unless σ is a matrix with one row for each variable.
 */
export function weightedTrace(sigma: Tensor): Operator {
  const name = "weightedTrace";
  if (!(sigma instanceof Tensor) || sigma.ndim !== 2 || sigma.size === 0)
    throw new ShapeError(
      `${name}: sigma: a matrix [d, m] was expected, got ${sigma instanceof Tensor ? `shape ${formatShape(sigma.shape)}` : typeof sigma}`,
    );
  const [rows, columns] = sigma.shape as readonly [number, number];
  const number = (d: number): number => {
    if (rows !== d) throw new ShapeError(`${name}: sigma has ${rows} rows, but x has ${d} elements`);
    return columns;
  };
  return {
    ...straight(name, 2),
    terms: number,
    sparse: (terms, _d, dtype) =>
      along(take(sigma.astype(dtype).mT(), new Tensor(terms, [terms.length], "int32"), 0), 1),
    dense: {
      distributions: ["rademacher", "normal"],
      entries: number,
      along: (entries) => along(entries.matmul(sigma.astype(entries.dtype).mT()), 1),
    },
  };
}

/**
 * Δ²f = Σᵢⱼ ∂⁴f/∂xᵢ²∂xⱼ² over all variables, or over `dims`. Dense directions have normal entries, for which the fourth
 * derivative along v has the mean 3Δ²f (with signs as entries the terms i = j would count once instead of three times).
 *
 * The d² terms of a sparse sample are fourth derivatives along eᵢ and eᵢ ± eⱼ, since
 * 12 ∂ᵢ²∂ⱼ² = D⁴(eᵢ + eⱼ) + D⁴(eᵢ - eⱼ) - 2 D⁴(eᵢ) - 2 D⁴(eⱼ): one series of order 4 instead of the 14 that the mixed
 * derivative needs.
 */
export function biharmonic(options: { readonly dims?: readonly number[] } = {}): Operator {
  const dims = checkDims(options.dims, "biharmonic");
  const number = (d: number): number => checkedDims(dims, d, "biharmonic").length;
  return {
    ...straight("biharmonic", 4),
    terms: (d) => {
      const count = number(d) ** 2;
      if (count > 2 ** 31)
        throw new DomainError(
          `biharmonic: at most 46340 dimensions were expected for sparse terms, got ${number(d)}; use mode "dense"`,
        );
      return count;
    },
    sparse: (terms, d, dtype) => {
      const all = checkedDims(dims, d, "biharmonic");
      const n = all.length;
      const weights = new Float64Array(terms.length);
      const rows = unitRows(terms.length, d, dtype, (row, set) => {
        // In the square of all pairs: the diagonal, sums above it, differences below.
        const i = Math.floor(terms[row]! / n);
        const j = terms[row]! % n;
        set(all[i]!, 1);
        if (i !== j) set(all[j]!, i < j ? 1 : -1);
        weights[row] = factorial(4) * (i === j ? 1 - (n - 1) / 3 : 1 / 6);
      });
      return { curves: [rows], weights: [new Tensor(weights, [terms.length], "float64").astype(dtype)] };
    },
    dense: {
      distributions: ["normal"],
      entries: number,
      along: (entries, d) => along(dims ? spread(entries, dims, d) : entries, factorial(4) / 3),
    },
  };
}

/** One term of an operator: a coefficient times a partial derivative. */
export interface Term {
  readonly coefficient: number;
  /** By which variables, and how often by each. */
  readonly indices: Indices;
}

/**
 * A sum of partial derivatives of any order with constant coefficients. Every term is one Taylor series, all of the
 * length that the longest needs (`jetPlan`): 5 for ∂ᵢ∂ⱼ, 7 for ∂ᵢ²∂ⱼ. Throws DomainError without terms and for
 * coefficients that are not finite, what `jetPlan` throws for terms that have no plan.
 */
export function custom(options: { readonly terms: readonly Term[] }): Operator {
  const name = "custom";
  if (options.terms.length === 0) throw new DomainError(`${name}: terms: at least one term was expected`);
  const terms = options.terms.map(({ coefficient, indices }, i) => {
    if (!Number.isFinite(coefficient))
      throw new DomainError(
        `${name}: terms[${i}].coefficient: a finite number was expected, got ${coefficient}`,
      );
    const merged = mergeIndices(indices, Number.POSITIVE_INFINITY, `${name}: terms[${i}].indices`);
    const counts = merged.map(([, count]) => count);
    const weight = counts.reduce((product, count) => product * factorial(count), coefficient);
    return { dimensions: merged.map(([dimension]) => dimension), weight, plan: planFor(counts) };
  });
  const slots = ascending(terms.flatMap(({ plan }) => plan.weights));
  const readouts = ascending(terms.map(({ plan }) => plan.order));
  const largest = terms.reduce((most, { dimensions }) => Math.max(most, ...dimensions), 0);
  return {
    name,
    slots,
    readouts,
    order: readouts.at(-1)!,
    isExact: false,
    terms: (d) => {
      if (largest >= d)
        throw new ShapeError(`${name}: a derivative by x[${largest}] was asked for, but x has ${d} elements`);
      return terms.length;
    },
    sparse: (chosen, d, dtype) => {
      const count = chosen.length;
      const term = (row: number): (typeof terms)[number] => terms[chosen[row]!]!;
      return {
        curves: slots.map((slot) =>
          unitRows(count, d, dtype, (row, set) => {
            const { dimensions, plan } = term(row);
            plan.weights.forEach((q, i) => {
              if (q === slot) set(dimensions[i]!, 1);
            });
          }),
        ),
        weights: readouts.map((readout) => {
          const weights = Float64Array.from({ length: count }, (_, row) =>
            term(row).plan.order === readout ? term(row).weight : 0,
          );
          return new Tensor(weights, [count], "float64").astype(dtype);
        }),
      };
    },
    dense: null,
  };
}

/** Plans found so far: operators have many terms of few kinds. */
const plans = new Map<string, JetPlan>();

function planFor(counts: readonly number[]): JetPlan {
  const id = counts.join();
  let plan = plans.get(id);
  if (!plan) {
    plan = jetPlan(counts);
    plans.set(id, plan);
  }
  return plan;
}

const ascending = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);

/** What operators that are sums of k-th derivatives along straight lines have in common. */
const straight = (
  name: string,
  order: number,
): Pick<Operator, "name" | "slots" | "readouts" | "order" | "isExact"> => ({
  name,
  slots: [1],
  readouts: [order],
  order,
  isExact: false,
});

/** Straight lines that all count alike. */
function along(rows: Tensor, weight: number): Directions {
  const count = rows.shape[0]!;
  const weights = new Tensor(Float64Array.of(weight), [], "float64").broadcastTo([count]);
  return { curves: [rows], weights: [weights.astype(rows.dtype)] };
}

/** Rows `[count, d]` of which `fill` sets the elements that are not zero. */
function unitRows(
  count: number,
  d: number,
  dtype: DType,
  fill: (row: number, set: (column: number, value: number) => void) => void,
): Tensor {
  const data = allocate(dtype === "float32" ? dtype : "float64", count * d);
  for (let row = 0; row < count; row++)
    fill(row, (column, value) => {
      data[row * d + column] = value;
    });
  return new Tensor(data, [count, d], dtype === "float32" ? dtype : "float64").astype(dtype);
}

/** Columns of `entries` moved to the dimensions in `dims`, zeros elsewhere. */
function spread(entries: Tensor, dims: readonly number[], d: number): Tensor {
  const place = unitRows(dims.length, d, entries.dtype, (row, set) => set(dims[row]!, 1));
  return entries.matmul(place);
}

function checkDims(dims: readonly number[] | undefined, name: string): readonly number[] | undefined {
  if (dims === undefined) return undefined;
  if (dims.length === 0)
    throw new DomainError(`${name}: dims: at least one dimension was expected, got none`);
  if (new Set(dims).size !== dims.length)
    throw new DomainError(`${name}: dims: different dimensions were expected, got [${dims.join()}]`);
  return dims;
}

/** The dimensions an operator works on, for x of `d` elements. */
function checkedDims(dims: readonly number[] | undefined, d: number, name: string): readonly number[] {
  if (!dims) return Array.from({ length: d }, (_, i) => i);
  for (const dim of dims)
    if (!(Number.isInteger(dim) && dim >= 0 && dim < d))
      throw new ShapeError(`${name}: dims: dimensions from 0 to ${d - 1} were expected, got ${dim}`);
  return dims;
}
