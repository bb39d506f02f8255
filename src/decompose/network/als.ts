// Alternating least squares for a tensor network of any graph: with all cores but one held fixed, the tensor depends
// linearly on that one.

import { isComplex } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape, sameShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkInput } from "../base/input.ts";
import { addEquation, multiply, solveShifted, transposeInto } from "../base/rowMajor.ts";
import { checkMask, withoutMasked } from "../completion/mask.ts";
import type { Network } from "../types.ts";
import { checkNetwork, coreLabels, labelLengths, labelled, modeLabel, networkShape } from "./graph.ts";
import { type PreparedContraction, permuted, placeTable, prepareContraction } from "./kernel.ts";

export interface NetworkAlsOptions extends IterationOptions {
  /** Weights >= 0 (or bool) of the entries; those of weight 0 may be NaN. All count unless told. */
  readonly mask?: Tensor;
  /** Shift of the normal equations relative to their mean diagonal entry; 1e-10 unless told. */
  readonly ridge?: number;
  /** Relative change of the loss in a sweep at which to stop; 1e-8 unless told. */
  readonly tol?: number;
  /** Loss at which to stop; 1e-24 unless told. */
  readonly target?: number;
  /** 100 unless told. */
  readonly maxIterations?: number;
}

/** A fitted network. */
export interface NetworkFit {
  readonly network: Network;
  /** ‖x − x̂‖² / ‖x‖² over the entries that count. */
  readonly loss: number;
  readonly iterations: number;
  readonly converged: boolean;
  /** The loss after each sweep; rounding hides it below about 1e-15. */
  readonly history: readonly number[];
}

/**
 * Fits the cores of a network to a real tensor by alternating least squares, from the cores that it has. For core k
 * the others are contracted, in the cheapest order, to A `[Π other modes, bonds of k]`, and (AᵀA + ridge·tr/m) Wᵀ =
 * AᵀX_(k)ᵀ is solved; with a mask, one such system for each position along mode k. The loss never grows (but for the
 * ridge). O(d · size · r²) a sweep for bonds of joint size r.
 *
 * Computed in float64 whatever the tensor holds.
 *
 * @throws DTypeError for complex tensors, ShapeError for a network of another shape or whose cores do not fit,
 * DomainError for entries that are not finite and options out of range.
 */
export function networkAls(x: Tensor, network: Network, options: NetworkAlsOptions = {}): NetworkFit {
  const solver = new NetworkSolver(x, options.mask, "networkAls");
  checkNetwork(network, "networkAls: network");
  return solver.fit(network, options);
}

const MOST = { tol: 1e-8, maxIterations: 100, ridge: 1e-10, target: 1e-24 };

/** A tensor prepared for fits of many networks. */
export class NetworkSolver {
  readonly shape: readonly number[];
  /** Σ of squares of the entries that count. */
  readonly energy: number;
  private readonly x: Float64Array;
  /** Weights of the entries, or null when all are 1. */
  private readonly weights: Float64Array | null;
  private readonly dtype: Tensor["dtype"];
  /** The unfoldings `[n_k, others]` and the weights likewise, made when they are first needed. */
  private readonly unfolded = new Map<number, { x: Float64Array; weights: Float64Array | null }>();
  private readonly what: string;

  constructor(x: Tensor, mask: Tensor | undefined, what: string) {
    this.what = what;
    if (x instanceof Tensor && isComplex(x.dtype))
      throw new DTypeError(`${what}: a real tensor was expected, got ${x.dtype}`);
    if (mask) checkMask(mask, x.shape, what);
    const input = checkInput(mask ? withoutMasked(x, mask) : x, what);
    this.shape = input.shape;
    this.dtype = input.dtype;
    this.x = Float64Array.from(input.data());
    this.weights = mask ? Float64Array.from(mask.contiguous().data()) : null;
    let energy = 0;
    for (let i = 0; i < this.x.length; i++) energy += (this.weights?.[i] ?? 1) * this.x[i]! ** 2;
    this.energy = energy;
  }

  /** Positions of a mode without any entry that counts, as `mode k: i, j`. */
  emptySlices(): string[] {
    if (!this.weights) return [];
    return this.shape.flatMap((n, mode) => {
      const { weights } = this.unfolding(mode);
      const width = this.x.length / n;
      const empty = Array.from({ length: n }, (_, i) => i).filter(
        (i) => !weights!.subarray(i * width, (i + 1) * width).some((weight) => weight > 0),
      );
      return empty.length > 0 ? [`mode ${mode}: ${empty.join(", ")}`] : [];
    });
  }

  /** Sweeps from the network's cores. */
  fit(network: Network, options: NetworkAlsOptions): NetworkFit {
    const { what } = this;
    const { tol, maxIterations, ridge, target } = { ...MOST, ...options };
    if (!sameShape(networkShape(network), this.shape))
      throw new ShapeError(
        `${what}: the network has the shape ${formatShape(networkShape(network))}, the tensor ${formatShape(this.shape)}`,
      );
    if (!(Number.isInteger(maxIterations) && maxIterations >= 0))
      throw new DomainError(`${what}: maxIterations must be an integer of at least 0, got ${maxIterations}`);
    for (const [name, value] of Object.entries({ tol, ridge, target }))
      if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
        throw new DomainError(`${what}: ${name} must be finite and at least 0, got ${value}`);
    const cores = network.cores.map((core) => Float64Array.from(core.contiguous().data()));
    const updates = network.cores.map((_, core) => this.prepare(network, core));
    const history: number[] = [];
    let loss = Number.POSITIVE_INFINITY;
    let converged = this.energy === 0;
    if (converged) for (const core of cores) core.fill(0);
    while (!converged && history.length < maxIterations) {
      checkAborted(options.signal, what);
      let squared = this.energy;
      for (let v = 0; v < cores.length; v++) {
        squared = updates[v]!(cores, ridge);
        // Only the last core keeps the scale.
        if (v < cores.length - 1) normalize(cores[v]!);
      }
      const next = Math.max(0, squared) / this.energy;
      history.push(next);
      converged = next <= target || Math.abs(loss - next) <= tol * next;
      loss = next;
      options.onProgress?.({
        fraction: history.length / maxIterations,
        stage: `network sweep ${history.length}`,
      });
    }
    return {
      network: {
        kind: "network",
        graph: network.graph,
        cores: cores.map((data, v) =>
          new Tensor(data, network.cores[v]!.shape, "float64").astype(this.dtype),
        ),
      },
      loss: this.energy === 0 ? 0 : history.length > 0 ? loss : this.lossOf(network),
      iterations: history.length,
      converged,
      history,
    };
  }

  /** ‖x − x̂‖² / ‖x‖² of a network as it is. */
  lossOf(network: Network): number {
    const tensors = labelled(network);
    const { run } = prepareContraction(
      tensors.map(({ labels }) => labels),
      this.shape.map((_, mode) => modeLabel(mode)),
      labelLengths(tensors),
    );
    const model = run(network.cores.map((core) => Float64Array.from(core.contiguous().data())));
    let squared = 0;
    for (let i = 0; i < model.length; i++)
      squared += (this.weights?.[i] ?? 1) * (this.x[i]! - model[i]!) ** 2;
    return this.energy > 0 ? squared / this.energy : squared;
  }

  private unfolding(mode: number): { x: Float64Array; weights: Float64Array | null } {
    let found = this.unfolded.get(mode);
    if (!found) {
      const names = this.shape.map((_, k) => modeLabel(k));
      const lengths = new Map(names.map((name, k) => [name, this.shape[k]!]));
      const order = [names[mode]!, ...names.filter((_, k) => k !== mode)];
      const table = placeTable(names, order, lengths);
      const copy = (data: Float64Array): Float64Array =>
        permuted(data, table, new Float64Array(table ? data.length : 0));
      found = { x: copy(this.x), weights: this.weights && copy(this.weights) };
      this.unfolded.set(mode, found);
    }
    return found;
  }

  /** The update of one core, in place, which gives the squared error after it. */
  private prepare(network: Network, core: number): (cores: readonly Float64Array[], ridge: number) => number {
    const { graph } = network;
    const mode = graph.modes[core] ?? null;
    const tensors = labelled(network);
    const bonds = coreLabels(graph, core).slice(mode === null ? 0 : 1);
    const others = tensors.filter((_, v) => v !== core);
    const rows = this.shape.map((_, k) => modeLabel(k)).filter((_, k) => k !== mode);
    const lengths = labelLengths(tensors);
    const n = mode === null ? 1 : this.shape[mode]!;
    const m = bonds.reduce((size, label) => size * lengths.get(label)!, 1);
    const count = sizeOf(this.shape) / n;
    // Bonds first: AᵀA and AᵀX are then products of rows.
    const contraction: PreparedContraction | null =
      others.length === 0
        ? null
        : prepareContraction(
            others.map(({ labels }) => labels),
            [...bonds, ...rows],
            lengths,
          );
    const one = Float64Array.of(1);
    const gram = new Float64Array(m * m);
    const work = new Float64Array(m * m);
    const target = new Float64Array(n * m);
    const right = new Float64Array(m * n);
    const solved = new Float64Array(n * m);
    const turned = new Float64Array(count * m);
    const { x, weights } = mode === null ? { x: this.x, weights: this.weights } : this.unfolding(mode);
    return (cores, ridge) => {
      const a = contraction ? contraction.run(cores.filter((_, v) => v !== core)) : one;
      transposeInto(a, m, count, turned);
      let squared = this.energy;
      if (!weights) {
        multiply(m, m, count, a, turned, gram);
        multiply(n, m, count, x, turned, target);
        transposeInto(target, n, m, right);
        solveNormal(gram, right, m, n, ridge, work);
        transposeInto(right, m, n, solved);
        squared += quadratic(solved, gram, target, n, m);
      } else
        for (let i = 0; i < n; i++) {
          const from = i * count;
          weightedGram(turned, x, weights, from, count, m, gram, right);
          const goal = right.slice(0, m);
          solveNormal(gram, right, m, 1, ridge, work);
          solved.set(right.subarray(0, m), i * m);
          squared += quadratic(right, gram, goal, 1, m);
        }
      cores[core]!.set(solved);
      return squared;
    };
  }
}

/** Σ over rows w of wᵀ G w - 2 wᵀ t. */
function quadratic(w: Float64Array, gram: Float64Array, target: Float64Array, n: number, m: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++)
    for (let p = 0; p < m; p++) {
      let product = 0;
      for (let q = 0; q < m; q++) product += gram[p * m + q]! * w[i * m + q]!;
      sum += w[i * m + p]! * (product - 2 * target[i * m + p]!);
    }
  return sum;
}

/** The normal equations of one row of weighted entries. */
function weightedGram(
  a: Float64Array,
  x: Float64Array,
  weights: Float64Array,
  from: number,
  count: number,
  m: number,
  gram: Float64Array,
  right: Float64Array,
): void {
  gram.fill(0);
  right.fill(0, 0, m);
  for (let j = 0; j < count; j++) {
    const weight = weights[from + j]!;
    if (weight !== 0) addEquation(gram, 0, right, 0, a, j * m, m, weight, x[from + j]!);
  }
  for (let p = 0; p < m; p++) for (let q = 0; q < p; q++) gram[q * m + p] = gram[p * m + q]!;
}

/**
 * Solves the symmetric G W = R for W `[m, n]` in place of R, with `ridge` times the mean of the diagonal added, and more where G is
 * not numerically positive.
 */
function solveNormal(
  gram: Float64Array,
  right: Float64Array,
  m: number,
  n: number,
  ridge: number,
  work: Float64Array,
): void {
  let trace = 0;
  for (let i = 0; i < m; i++) trace += gram[i * m + i]!;
  const mean = trace / m;
  if (!(mean > 0 && solveShifted(gram, right, m, n, ridge * mean, mean, work))) right.fill(0, 0, m * n);
}

function normalize(x: Float64Array): void {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * x[i]!;
  if (!(sum > 0)) return;
  const scale = 1 / Math.sqrt(sum);
  for (let i = 0; i < x.length; i++) x[i]! *= scale;
}
