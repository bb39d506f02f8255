// Stochastic differential equations on meshes fixed beforehand.

import { jit } from "../../compiler/jit.ts";
import { concat } from "../../ops/join.ts";
import { normal } from "../../random/distributions.ts";
import type { Key } from "../../random/key.ts";
import { checkKey } from "../../random/keyed.ts";
import { tensor } from "../../tensor/create.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { scan } from "../../transform/control/scan.ts";
import { finite, positive, saveTimes } from "../options.ts";
import { type RightHandSide, vectorField } from "../problem.ts";
import { isTraced, type Layout, layoutOf, ravelState, unravelState } from "../state.ts";
import type { BrownianPath } from "./brownian.ts";
import { eulerMaruyama, type SdeMethod, type VectorSde } from "./methods.ts";

/**
 * How noise enters. "diagonal": one Brownian motion per number of the state, the diffusion is a tree like the state;
 * "scalar": one motion for all of them; "additive": diagonal, and the diffusion does not depend on the state; "general":
 * the diffusion is a matrix `[n, m]` on the vector of the state, for m motions.
 */
export type Noise = "diagonal" | "scalar" | "additive" | "general";

export interface SolveSdeOptions<A> {
  /** 0 unless told. */
  readonly t0?: number;
  readonly t1: number;
  /** The longest step: the way between saved times is cut into equal steps of at most this length. */
  readonly dt: number;
  /** `eulerMaruyama()` unless told. */
  readonly method?: SdeMethod;
  /** "diagonal" unless told. */
  readonly noise?: Noise;
  /** Number of Brownian motions of general noise. */
  readonly noiseSize?: number;
  /** All steps unless told. */
  readonly saveAt?: { readonly times: readonly number[] | Tensor };
  /** The Brownian path to follow, in place of one drawn by the key: the same path for several meshes. */
  readonly path?: BrownianPath;
  readonly args?: A;
}

export interface SdeSolution<Y> {
  /** `[m]` */
  readonly t: Tensor;
  /** The state at each time: a new axis 0. */
  readonly y: Y;
  readonly steps: number;
}

/** Keeps compiled integrations as long as the functions that they are made of. */
const kept = new WeakMap<object, WeakMap<object, Map<string, Integrate>>>();

type Integrate = (y: Tensor, t: Tensor, h: Tensor, dW: Tensor, args: unknown) => Tensor;

/**
 * One path of dy = drift(t, y) dt + diffusion(t, y) dW, in the meaning (Itô or Stratonovich) that the method has, from t0 to
 * t1 in steps fixed beforehand. The same key, mesh and options give the same path; a whole batch of paths is one state with
 * diagonal noise. The loop is compiled; by traced y0 and args it can be differentiated, path by path.
 *
 * Throws DomainError for options out of range, ShapeError, DTypeError or TreeError when drift or diffusion do not fit.
 * O(steps) evaluations, O(steps · n) memory.
 */
export function solveSde<Y, A = undefined>(
  key: Key,
  drift: RightHandSide<Y, A>,
  diffusion: (t: Tensor, y: Y, args: A) => Y | Tensor,
  y0: Y,
  options: SolveSdeOptions<A>,
): SdeSolution<Y> {
  const { method = eulerMaruyama(), noise = "diagonal", args, path } = options;
  const t0 = finite(options.t0 ?? 0, "t0", "solveSde");
  const t1 = finite(options.t1, "t1", "solveSde");
  const dt = positive(options.dt, "dt", "solveSde")!;
  checkKey(key);
  if (!(t1 > t0)) throw new DomainError(`solveSde: t1 > t0 was expected, got t0 = ${t0} and t1 = ${t1}`);
  if (!Number.isFinite(dt)) throw new DomainError(`solveSde: dt: a finite step was expected, got ${dt}`);
  if (!["diagonal", "scalar", "additive", "general"].includes(noise))
    throw new DomainError(
      `solveSde: noise: "diagonal", "scalar", "additive" or "general" was expected, got ${String(noise)}`,
    );
  if (noise === "general" && method.needsCommutativeNoise)
    throw new DomainError(`solveSde: method ${method.name} takes diagonal, scalar or additive noise only`);
  const layout = layoutOf("solveSde", y0);
  const size = noise === "general" ? (options.noiseSize ?? 0) : noise === "scalar" ? 1 : layout.size;
  if (!(Number.isInteger(size) && size > 0))
    throw new DomainError(
      `solveSde: noiseSize: the number of motions of general noise was expected, got ${size}`,
    );
  if (path && (path.size !== size || path.t0 > t0 || path.t1 < t1))
    throw new DomainError(
      `solveSde: path: ${size} motions from ${t0} to ${t1} were expected, got ${path.size} from ${path.t0} to ${path.t1}`,
    );
  const wanted = options.saveAt ? saveTimes(options.saveAt.times, t0, t1, "solveSde") : null;
  const { times, saved } = mesh(t0, t1, dt, wanted);
  const steps = times.length - 1;
  const lengths = Float64Array.from({ length: steps }, (_, i) => times[i + 1]! - times[i]!);
  const dW = path ? pathIncrements(path, times) : increments(key, lengths, size);
  const start = ravelState(layout, y0, "solveSde: y0");
  const run: Integrate = (y, t, h, noises, own) =>
    integrate(method, vectorSde(layout, drift, diffusion, noise, size, own as A), y, t, h, noises);
  const compiled = isTraced(y0, args ?? null)
    ? run
    : remember(drift, diffusion, `${method.name}|${noise}|${size}|${layout.signature}`, run);
  const t = tensor(Float64Array.from(times));
  const states = compiled(start, t.at(":-1"), tensor(lengths), dW, args);
  return {
    t: tensor(Float64Array.from(saved, (i) => times[i]!)),
    y: unravelState<Y>(layout, saved.length === times.length ? states : states.at(saved)),
    steps,
  };
}

function remember(drift: object, diffusion: object, name: string, run: Integrate): Integrate {
  const byDiffusion = kept.get(drift) ?? new WeakMap<object, Map<string, Integrate>>();
  kept.set(drift, byDiffusion);
  const byName = byDiffusion.get(diffusion) ?? new Map<string, Integrate>();
  byDiffusion.set(diffusion, byName);
  const known = byName.get(name);
  if (known) return known;
  const compiled = jit(run);
  byName.set(name, compiled);
  return compiled;
}

/** The states at the start and after each step. */
function integrate(method: SdeMethod, sde: VectorSde, y0: Tensor, t: Tensor, h: Tensor, dW: Tensor): Tensor {
  const { ys } = scan(
    (y: Tensor, [at, step, noise]: readonly [Tensor, Tensor, Tensor]) => {
      const next = method.step(sde, at, step, y, noise);
      return [next, next] as const;
    },
    y0,
    [t, h, dW] as const,
  );
  return concat([y0.reshape([1, y0.size]), ys], 0);
}

function vectorSde<Y, A>(
  layout: Layout,
  drift: RightHandSide<Y, A>,
  diffusion: (t: Tensor, y: Y, args: A) => Y | Tensor,
  noise: Noise,
  size: number,
  args: A,
): VectorSde {
  const f = vectorField(layout, drift as never, args, "solveSde: drift's result");
  if (noise !== "general")
    return {
      drift: f,
      diffusion: vectorField(layout, diffusion as never, args, "solveSde: diffusion's result"),
      spread: (g, dW) => g.mul(dW),
    };
  return {
    drift: f,
    diffusion: (t, y) => {
      const g = diffusion(t, unravelState<Y>(layout, y), args);
      if (!(g instanceof Tensor) || g.ndim !== 2 || g.shape[0] !== layout.size || g.shape[1] !== size)
        throw new ShapeError(
          `solveSde: diffusion's result: shape [${layout.size}, ${size}] was expected for general noise, got ${g instanceof Tensor ? formatShape(g.shape) : "a tree"}`,
        );
      return g;
    },
    spread: (g, dW) => g.matmul(dW.astype(g.dtype)),
  };
}

/** Times of all steps, and which of them are saved. */
function mesh(
  t0: number,
  t1: number,
  dt: number,
  wanted: readonly number[] | null,
): { readonly times: readonly number[]; readonly saved: readonly number[] } {
  const times = [t0];
  const saved = wanted && wanted[0] !== t0 ? [] : [0];
  const stops = wanted ? wanted.filter((t) => t !== t0) : [t1];
  let from = t0;
  for (const to of stops) {
    // A quotient that is whole but for rounding is taken as whole.
    const count = Math.max(1, Math.ceil((to - from) / dt - 1e-9));
    for (let i = 1; i <= count; i++) times.push(i === count ? to : from + ((to - from) * i) / count);
    saved.push(times.length - 1);
    from = to;
  }
  return { times, saved: wanted ? saved : times.map((_, i) => i) };
}

/** Independent increments `[steps, size]`. */
function increments(key: Key, lengths: Float64Array, size: number): Tensor {
  const draws = normal(key, [lengths.length, size]).data() as Float64Array;
  const scaled = draws.map((z, i) => z * Math.sqrt(lengths[Math.floor(i / size)]!));
  return new Tensor(scaled, [lengths.length, size], "float64");
}

function pathIncrements(path: BrownianPath, times: readonly number[]): Tensor {
  const w = path.at(times);
  return w.at("1:").sub(w.at(":-1"));
}
