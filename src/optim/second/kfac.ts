// K-FAC: natural gradient steps with one Kronecker product per layer.

import { solvePositive } from "../../linalg/systems/solve.ts";
import { mod } from "../../ops/arithmetic.ts";
import { where } from "../../ops/comparison.ts";
import { asTensor } from "../../ops/operands.ts";
import { zerosLike } from "../../ops/rules.ts";
import { foldIn, type Key, key as keyOf } from "../../random/key.ts";
import { checkCount, checkFraction } from "../../tensor/check.ts";
import { eye } from "../../tensor/create.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";
import { cond } from "../../transform/control/cond.ts";
import { stopGradient } from "../../transform/stop.ts";
import { vmap } from "../../transform/vmap.ts";
import { checkAboveZero, checkAtLeastZero, stateDType } from "../blocks/options.ts";
import { treeDot } from "../blocks/treeAlgebra.ts";
import { needModelLoss, trainingPass } from "../curvature/modelLoss.ts";
import { type Site, setSiteMatrix, siteMatrix, sitesOf, type Tapped, tapModel } from "../curvature/taps.ts";
import type { OutputLoss } from "../losses/outputLoss.ts";
import type { Optimizer } from "../optimizer.ts";
import { checkRate, constant, type Schedule } from "../schedules/decay.ts";

export interface KfacOptions {
  /** A number, or a function of the step. */
  readonly learningRate: number | Schedule;
  /** Added to the curvature, shared between the factors of a layer: λ. 1e-2 unless told. */
  readonly damping?: number;
  /** Bound of the squared length of a step in the metric of the curvature; Infinity for none. 1e-3 unless told. */
  readonly klClip?: number;
  /** Share of the last velocity that is kept, 0.9 unless told. */
  readonly momentum?: number;
  /** Steps from one inversion of the factors to the next, 5 unless told. */
  readonly every?: number;
  /** Largest weight of the past in the running means of the factors, 0.95 unless told. */
  readonly decay?: number;
  /**
   * Gradients of which the second factors are made: at targets drawn from the model (unless told), at the targets of the batch, or
   * of all outputs through the root of the Hessian of the loss, which is exact and costs a pullback per output.
   */
  readonly fisher?: "sampled" | "empirical" | "ggn";
  /** Where drawn targets come from when a step has no key; the step's number is folded in. `key(0)` unless told. */
  readonly key?: Key;
}

/** The factors of one layer and their damped inverses. */
export interface KfacFactors {
  /** The mean of a·aᵀ over the inputs a of the layer, with a one for the bias. */
  readonly input: Tensor;
  /** The mean of s·sᵀ over the gradients s by its results. */
  readonly output: Tensor;
  readonly inputInverse: Tensor;
  readonly outputInverse: Tensor;
}

export interface KfacState<P> {
  /** Number of steps done, an int32 scalar. */
  readonly step: Tensor;
  readonly velocity: P;
  /** By the path of the weight; null until the first step when `init` got no example. */
  readonly layers: Readonly<Record<string, KfacFactors>> | null;
}

/**
 * Natural gradient with Kronecker-factored curvature: for a layer with weight gradient G (bias as last row) the direction is
 * (A + π√λ·I)⁻¹·G·(S + √λ/π·I)⁻¹ with A = E[a·aᵀ], S = E[s·sᵀ] and π² the ratio of their mean diagonals. All directions u together are
 * scaled by min(1, √(klClip / Σ rate²⟨u, g⟩)). Parameters that belong to no linear map or convolution follow their gradient.
 *
 * Takes only losses made by `modelLoss` (else TypeError); throws DomainError for options out of range. Per layer O(n(i² + o²)) for the
 * factors and O(i³ + o³) for the inverses, in float64. `info.clip` is the scale.
 *
 * Source: Martens and Grosse (2015); convolutions: Grosse and Martens, A Kronecker-factored approximate Fisher matrix for
 * convolution layers (2016); clipping: Ba, Grosse, Martens, Distributed second-order optimization (2017).
 */
export function kfac<P, B>(options: KfacOptions): Optimizer<P, B, KfacState<P>> {
  const { learningRate, damping = 1e-2, klClip = 1e-3, momentum = 0.9, every = 5, decay = 0.95 } = options;
  const { fisher = "sampled", key: ownKey = keyOf(0) } = options;
  if (typeof learningRate === "number") checkRate(learningRate, "kfac: learningRate");
  checkAtLeastZero(damping, "kfac: damping");
  checkAboveZero(klClip, "kfac: klClip");
  checkFraction("kfac: momentum", momentum);
  checkCount("kfac: every", every);
  checkFraction("kfac: decay", decay);
  if (!["sampled", "empirical", "ggn"].includes(fisher))
    throw new DomainError(
      `kfac: fisher: "sampled", "empirical" or "ggn" was expected, got ${String(fisher)}`,
    );
  const schedule = typeof learningRate === "number" ? constant(learningRate) : learningRate;
  return {
    init: (params, example) => {
      const state = {
        step: asTensor(0).astype("int32"),
        velocity: tree.map((x) => zerosLike({ shape: x.shape, dtype: stateDType(x.dtype, "kfac") }), params),
      };
      if (!example) return { ...state, layers: null };
      const loss = needModelLoss<P, B>(example.loss, "kfac");
      const sites = sitesOf(loss.model, params, loss.input(example.batch), trainingPass(example.key));
      return { ...state, layers: emptyLayers(sites, params) };
    },
    step: ({ params, state, loss: given, batch, key }) => {
      const loss = needModelLoss<P, B>(given, "kfac");
      const { output } = loss;
      const target = loss.target(batch);
      const tapped = tapModel(loss.model, params, loss.input(batch), trainingPass(key));
      const y = stopGradient(tapped.output);
      const real = tapped.pullback(output.gradient(y, target));
      const sampleKey = foldIn(key ?? ownKey, state.step);
      const squares =
        fisher === "ggn"
          ? exactSquares(output, tapped)
          : gradientSquares(
              y,
              fisher === "empirical"
                ? real.results
                : tapped.pullback(output.sampleGradient(sampleKey, y)).results,
            );
      // The weight of the past is 1 - 1/t at first, so that the zeros of the start count for nothing.
      const count = state.step.add(1);
      const past = count.astype("float64").pow(-1).neg().add(1).minimum(decay);
      const before = state.layers ?? emptyLayers(tapped.sites, params);
      const averaged = averageFactors(before, tapped, squares, past);
      const layers = cond<[], Readonly<Record<string, KfacFactors>>>(
        mod(state.step, every).equal(0),
        () => Object.fromEntries(Object.entries(averaged).map(([path, f]) => [path, inverted(f, damping)])),
        () => averaged,
      );
      const rate = schedule(state.step).astype("float64");
      const direction = precondition(real.params, tapped.sites, layers);
      const square = treeDot(direction, real.params).astype("float64").mul(rate.square());
      const clip = Number.isFinite(klClip)
        ? asTensor(klClip).div(square.abs().maximum(klClip)).sqrt()
        : asTensor(1).astype("float64");
      const velocity = tree.map(
        (v, u) => v.mul(momentum).add(u.astype(v.dtype).mul(clip.astype(v.dtype))),
        state.velocity,
        direction,
      );
      const moved = tree.map(
        (x, v) =>
          x
            .astype(v.dtype)
            .sub(v.mul(rate.astype(v.dtype)))
            .astype(x.dtype),
        params,
        velocity,
      );
      return {
        params: moved,
        state: { step: count, velocity, layers },
        value: output(y, target),
        info: { learningRate: rate, clip },
      };
    },
  };
}

/** Σ s·sᵀ/n for every site, from the gradients of a mean over n examples by the results: n times what they give. */
const gradientSquares = (output: Tensor, results: readonly Tensor[]): readonly Tensor[] =>
  results.map((s) => s.mT().matmul(s).mul(output.shape[0]!));

/** The same from all columns of the root of the Hessian: the exact expectation. */
function exactSquares<P>(loss: OutputLoss, { output, pullback }: Tapped<P>): readonly Tensor[] {
  const root = loss.blockRoot(stopGradient(output));
  const n = output.shape[0]!;
  // Rows of the root are examples times positions; their mean makes the loss.
  const columns = root.transpose([2, 0, 1]).reshape([root.shape[2]!, ...output.shape]);
  const scale = Math.sqrt(n / root.shape[0]!) / n;
  const results = vmap((column: Tensor) => pullback(column.mul(scale)).results as Tensor[])(columns);
  return gradientSquares(
    output,
    results.map((s) => s.reshape([-1, s.shape.at(-1)!])),
  );
}

function emptyLayers<P>(sites: readonly Site[], params: P): Readonly<Record<string, KfacFactors>> {
  const leaves = tree.leaves(params);
  return Object.fromEntries(
    sites.map((site) => {
      const dtype = stateDType(leaves[site.weight]!.dtype, "kfac");
      const i = site.fanIn + (site.bias === null ? 0 : 1);
      const input = zerosLike({ shape: [i, i], dtype });
      const output = zerosLike({ shape: [site.fanOut, site.fanOut], dtype });
      return [site.weightPath, { input, output, inputInverse: input, outputInverse: output }];
    }),
  );
}

/** Running means of the factors. A weight that is used more than once has the sum of what its uses give. */
function averageFactors<P>(
  layers: Readonly<Record<string, KfacFactors>>,
  { sites, inputs }: Tapped<P>,
  squares: readonly Tensor[],
  past: Tensor,
): Readonly<Record<string, KfacFactors>> {
  const fresh: Record<string, { input: Tensor; output: Tensor }> = {};
  sites.forEach(({ weightPath }, i) => {
    const a = inputs[i]!;
    const input = a.mT().matmul(a).div(a.shape[0]!);
    const output = squares[i]!;
    const known = fresh[weightPath];
    fresh[weightPath] = known
      ? { input: known.input.add(input), output: known.output.add(output) }
      : { input, output };
  });
  const average = (old: Tensor, now: Tensor): Tensor => {
    const weight = past.astype(old.dtype);
    return old.mul(weight).add(now.astype(old.dtype).mul(weight.neg().add(1)));
  };
  return Object.fromEntries(
    Object.entries(layers).map(([path, old]) => [
      path,
      {
        ...old,
        input: average(old.input, fresh[path]!.input),
        output: average(old.output, fresh[path]!.output),
      },
    ]),
  );
}

/** The factors with the inverses of A + π√λ·I and S + √λ/π·I. */
function inverted(factors: KfacFactors, damping: number): KfacFactors {
  const a = factors.input.astype("float64");
  const s = factors.output.astype("float64");
  const [i, o] = [a.shape[0]!, s.shape[0]!];
  const traceOf = (x: Tensor, n: number): Tensor => x.mul(eye(n)).sum().div(n);
  const tiny = 1e-30;
  const pi = traceOf(a, i).maximum(tiny).div(traceOf(s, o).maximum(tiny)).sqrt();
  const root = Math.sqrt(damping);
  const inverse = (x: Tensor, n: number, ridge: Tensor): Tensor =>
    solvePositive(x.add(eye(n).mul(ridge)), eye(n)).astype(factors.input.dtype);
  return {
    input: factors.input,
    output: factors.output,
    inputInverse: inverse(a, i, pi.mul(root)),
    outputInverse: inverse(s, o, where(pi.greater(0), pi, 1).pow(-1).mul(root)),
  };
}

function precondition<P>(
  gradient: P,
  sites: readonly Site[],
  layers: Readonly<Record<string, KfacFactors>>,
): P {
  const { leaves, structure } = tree.flatten(gradient);
  const moved = [...leaves];
  const done = new Set<string>();
  for (const site of sites) {
    if (done.has(site.weightPath)) continue;
    done.add(site.weightPath);
    const { inputInverse, outputInverse } = layers[site.weightPath]!;
    const g = siteMatrix(site, leaves).astype(inputInverse.dtype);
    setSiteMatrix(site, moved, inputInverse.matmul(g).matmul(outputInverse));
  }
  return tree.unflatten<P>(structure, moved);
}
