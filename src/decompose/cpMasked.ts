// CP with entries missing or weighted. Many missing: weighted normal equations, row by row over the entries that are there. Few
// missing: expectation-maximisation, which fills the gaps with the model and takes an ordinary sweep (Tomasi and Bro 2005).

import { device } from "../device/current.ts";
import { solvePositive } from "../linalg/solve.ts";
import { isComplex } from "../tensor/dtype.ts";
import { DomainError } from "../tensor/errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type AlsOptions, type AlsResult, alternate } from "./cpAls.ts";
import { cpRules } from "./formats/cp.ts";
import { frobenius } from "./frobenius.ts";
import { checkAborted, unravel } from "./input.ts";
import { DenseMttkrp } from "./mttkrp.ts";
import type { CP } from "./types.ts";

/** Below this share of present entries the row-wise equations are cheaper than sweeps over the filled tensor. */
const SPARSE_SHARE = 0.3;

/** CP of the entries with positive weight; `x` holds zeros (or anything finite) elsewhere. Errors are relative to those entries. */
export function maskedAls(x: Tensor, mask: Tensor, start: readonly Tensor[], options: AlsOptions): AlsResult {
  const weights = Float64Array.from(mask.data());
  const present = weights.reduce((count, w) => count + Number(w > 0), 0);
  const plain = weights.every((w) => w === 0 || w === 1);
  const isSparse = present < SPARSE_SHARE * x.size;
  // Constrained updates need the full normal equations, which only the filled tensor has.
  return (isSparse || !plain) && !isComplex(x.dtype) && !options.constrained
    ? rowwise(x, weights, present, start, options)
    : impute(x, weights, start, options);
}

function impute(x: Tensor, weights: Float64Array, start: readonly Tensor[], options: AlsOptions): AlsResult {
  const top = weights.reduce((a, b) => Math.max(a, b), 0);
  const share = new Tensor(
    weights.map((w) => w / top),
    x.shape,
    "float64",
  ).astype(x.dtype);
  const scale = frobenius(x.mul(share.sqrt()));
  let model: CP | null = null;
  let error = Number.POSITIVE_INFINITY;
  const history: number[] = [];
  let converged = false;
  let result: AlsResult | null = null;
  while (history.length < options.maxIterations && !converged) {
    checkAborted(options.signal, "cp");
    // w x + (1 - w) x̂: what is missing is expected to be as the model says.
    const guess: Tensor | null = model ? cpRules.full(model) : null;
    const filled: Tensor = guess ? guess.add(share.mul(x.sub(guess))) : x.mul(share);
    const problem = {
      order: x.ndim,
      norm: frobenius(filled),
      mttkrp: (factors: readonly Tensor[], mode: number): Tensor => sweep.mttkrp(factors, mode),
    };
    const sweep = new DenseMttkrp(filled);
    const from: readonly Tensor[] = model ? spread(model) : start;
    result = alternate(problem, from, {
      ...options,
      maxIterations: 1,
      lineSearch: false,
      tol: 0,
      onProgress: () => {},
    });
    model = { kind: "cp", weights: result.weights, factors: result.factors };
    const next = scale === 0 ? 0 : frobenius(x.sub(cpRules.full(model)).mul(share.sqrt())) / scale;
    converged = Math.abs(error - next) < options.tol;
    error = next;
    history.push(error);
    options.onProgress?.({
      fraction: history.length / options.maxIterations,
      stage: `cp sweep ${history.length}`,
    });
  }
  return { ...result!, iterations: history.length, converged, history };
}

/** Weights moved into the last factor, for a sweep that starts from factors alone. */
const spread = (d: CP): readonly Tensor[] =>
  d.factors.map((u, k) => (k === d.factors.length - 1 ? u.mul(d.weights) : u));

function rowwise(
  x: Tensor,
  weights: Float64Array,
  present: number,
  start: readonly Tensor[],
  options: AlsOptions,
): AlsResult {
  const order = x.ndim;
  const r = start[0]!.shape[1]!;
  const index = new Int32Array(present * order);
  const values = new Float64Array(present);
  const weight = new Float64Array(present);
  const data = x.data();
  let entry = 0;
  let scale = 0;
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i]! > 0)) continue;
    index.set(unravel(i, x.shape), entry * order);
    values[entry] = data[i]!;
    weight[entry] = weights[i]!;
    scale += weights[i]! * data[i]! ** 2;
    entry++;
  }
  scale = Math.sqrt(scale);
  const factors = start.map((u) => Float64Array.from(u.data()));
  const z = new Float64Array(r);
  const history: number[] = [];
  let error = Number.POSITIVE_INFINITY;
  let converged = false;
  while (history.length < options.maxIterations && !converged) {
    checkAborted(options.signal, "cp");
    for (let mode = 0; mode < order; mode++)
      updateRows({ shape: x.shape, index, values, weight, factors, z }, mode, r);
    let total = 0;
    for (let e = 0; e < present; e++) {
      let value = 0;
      for (let c = 0; c < r; c++) {
        let product = 1;
        for (let k = 0; k < order; k++) product *= factors[k]![index[e * order + k]! * r + c]!;
        value += product;
      }
      total += weight[e]! * (values[e]! - value) ** 2;
    }
    const next = scale === 0 ? 0 : Math.sqrt(total) / scale;
    converged = Math.abs(error - next) < options.tol;
    error = next;
    history.push(error);
    options.onProgress?.({
      fraction: history.length / options.maxIterations,
      stage: `cp sweep ${history.length}`,
    });
  }
  const result = factors.map((u, k) => new Tensor(u, [x.shape[k]!, r], "float64").astype(x.dtype));
  const unit = new Tensor(new Float64Array(r).fill(1), [r], "float64").astype(x.dtype);
  return { kind: "cp", weights: unit, factors: result, iterations: history.length, converged, history };
}

interface Entries {
  readonly shape: readonly number[];
  readonly index: Int32Array;
  readonly values: Float64Array;
  readonly weight: Float64Array;
  readonly factors: readonly Float64Array[];
  /** Scratch of one row. */
  readonly z: Float64Array;
}

/** Solves (Σ w z zᵀ) u = Σ w x z for every row of one factor; z is the product of the other factors' rows. Rows without entries stay. */
function updateRows({ shape, index, values, weight, factors, z }: Entries, mode: number, r: number): void {
  const order = shape.length;
  const n = shape[mode]!;
  const grams = new Float64Array(n * r * r);
  const rights = new Float64Array(n * r);
  const counts = new Int32Array(n);
  for (let e = 0; e < values.length; e++) {
    z.fill(1);
    for (let k = 0; k < order; k++) {
      if (k === mode) continue;
      const at = index[e * order + k]! * r;
      const row = factors[k]!;
      for (let c = 0; c < r; c++) z[c]! *= row[at + c]!;
    }
    const i = index[e * order + mode]!;
    counts[i]!++;
    for (let a = 0; a < r; a++) {
      const wz = weight[e]! * z[a]!;
      device.axpy(wz, z, 0, grams, (i * r + a) * r, r);
      rights[i * r + a]! += wz * values[e]!;
    }
  }
  for (let i = 0; i < n; i++) {
    if (counts[i] === 0) continue;
    const gram = grams.subarray(i * r * r, (i + 1) * r * r);
    let trace = 0;
    for (let c = 0; c < r; c++) trace += gram[c * r + c]!;
    if (trace === 0) continue;
    // A row with fewer entries than columns has no unique solution: a small ridge picks the shortest.
    for (let shift = 1e-12 * (trace / r); ; shift *= 100) {
      const shifted = gram.slice();
      for (let c = 0; c < r; c++) shifted[c * r + c]! += shift;
      try {
        const row = solvePositive(
          new Tensor(shifted, [r, r], "float64"),
          new Tensor(rights.slice(i * r, (i + 1) * r), [r], "float64"),
        );
        factors[mode]!.set(row.data(), i * r);
        break;
      } catch (error) {
        if (!(error instanceof DomainError) || shift > trace) throw error;
      }
    }
  }
}
