// The parallel basis-update and Galerkin integrator: Ceruti, Kusch, Lubich, "A parallel rank-adaptive integrator for
// dynamical low-rank approximation" (2024) for matrices and Tucker tensors; Ceruti, Kusch, Lubich, Sulz, "A parallel
// basis update and Galerkin integrator for tree tensor networks" (2024) for trees.

import { expmMultiply } from "../../linalg/krylov/functions.ts";
import { FunctionOperator } from "../../linalg/operator/dense.ts";
import { qr } from "../../linalg/orthogonal/qr.ts";
import { matmul } from "../../ops/contract.ts";
import { concat } from "../../ops/join.ts";
import { moveAxis, mT, narrowAxis, reshape } from "../../ops/movement.ts";
import { eye, zeros } from "../../tensor/create.ts";
import { type DType, isComplex, promote } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { checkMaxRank } from "../base/input.ts";
import { adjoint, modeProduct, multiModeProduct } from "../base/unfold.ts";
import { treeRules } from "../tree/rules.ts";
import { tuckerRules } from "../tucker/rules.ts";
import { sthosvd } from "../tucker/sthosvd.ts";
import type { Tree, Tucker } from "../types.ts";
import {
  FunctionField,
  type LocalProblem,
  type LowRankFunction,
  OperatorField,
  type Surroundings,
} from "./fields.ts";
import { KroneckerSumOperator } from "./kroneckerSum.ts";
import {
  castState,
  innerState,
  type LowRank,
  leafState,
  lowRankOf,
  orthonormalState,
  stateOf,
  type TreeState,
} from "./nodes.ts";

/** How the small equations of one step are solved. */
export interface LocalSolver {
  /** `rk4` unless told; `krylov` takes exponentials, for `KroneckerSumOperator` only. */
  readonly method?: "rk4" | "krylov";
  /** Steps of RK4 in one step; enough for h_local · ‖F‖ ≤ 1/2 unless told. */
  readonly substeps?: number;
}

export interface BugStepOptions {
  /** What a truncation may cut off, an absolute 2-norm; 1e-3 · h · ‖y‖ unless told. Much more freezes the ranks. */
  readonly tolerance?: number;
  readonly maxRank?: number;
  readonly local?: LocalSolver;
  /** Augment the bases by the new directions, which is what adapts the ranks; true unless told. */
  readonly augment?: boolean;
}

export interface BugOptions extends BugStepOptions, IterationOptions {
  /** 0 unless told. */
  readonly t0?: number;
  readonly t1: number;
  /** Step; the last one is shorter when it does not divide the time. */
  readonly h: number;
  readonly onStep?: (t: number, y: LowRank) => void;
}

export interface BugResult<Y extends LowRank> {
  readonly y: Y;
  /** Ends of the steps, the start first. */
  readonly times: readonly number[];
  /** The ranks at these times, in the order of `ranks(y)`. */
  readonly ranks: readonly (readonly number[])[];
  /** ‖y‖ at these times. */
  readonly history: readonly number[];
  readonly notes: readonly string[];
}

/** Right-hand sides of dY/dt = F(t, Y). */
export type RightHandSide<Y extends LowRank> = KroneckerSumOperator | LowRankFunction<Y>;

/**
 * One step of the parallel BUG integrator. Every basis is updated by itself: the state is factored as K·Vᴴ with
 * orthonormal V, dK/dt = F(K Vᴴ) V is solved over the step (for an inner node of a tree by recursion), and the directions
 * that K has gained extend the old basis; the core is advanced in the old bases. The augmented core, of up to twice the
 * ranks, is put together from both and truncated. Local error O(h²), whatever the singular values are: nothing is
 * inverted. O(Σ n r² + r^{d+1}) for each evaluation of F.
 *
 * @throws DomainError for h ≤ 0, tolerance < 0, ranks above the dimension and options out of range; ShapeError for an
 * operator of other mode lengths or a function that changes the shape.
 */
export function bugStep<Y extends LowRank>(
  f: RightHandSide<Y>,
  y: Y,
  t: number,
  h: number,
  options: BugStepOptions = {},
): Y {
  const { state, dtype } = prepared(f, y, "bugStep");
  checkStep(h, options, "bugStep");
  return advance(fieldOf(f, y), castState(state, dtype), y, t, h, options) as Y;
}

/**
 * Integrates dY/dt = F(t, Y) from t0 to t1 by steps of `bugStep`. F is a `KroneckerSumOperator` or a function of the
 * low-rank state with values of the same kind. Real states become complex where the operator asks for it. Error O(h) plus
 * the tolerance times the number of steps.
 *
 * Bases grow by what F has in the present bases: a start of rank 1 whose F is orthogonal to them all (transport of a state that
 * is even in all directions) would never move. Start with a few random directions of weight zero besides.
 *
 * @throws as `bugStep`, and DomainError unless t1 ≥ t0.
 */
export function bugIntegrate<Y extends LowRank>(
  f: RightHandSide<Y>,
  y0: Y,
  options: BugOptions,
): BugResult<Y> {
  const what = "bugIntegrate";
  const { t0 = 0, t1, h, onStep, onProgress, signal } = options;
  checkStep(h, options, what);
  if (!(Number.isFinite(t0) && Number.isFinite(t1) && t1 >= t0))
    throw new DomainError(`${what}: finite times t0 <= t1 were expected, got ${t0} and ${t1}`);
  const { state, changed, dtype } = prepared(f, y0, what);
  const notes = changed ? ["the bases of the start were not orthonormal and have been made so"] : [];
  const field = fieldOf(f, y0);
  let y = lowRankOf(castState(state, dtype), y0);
  const count = Math.ceil((t1 - t0) / h - 1e-9);
  const times = [t0];
  const rankList = [ranksOf(y)];
  const history = [normOf(y)];
  for (let step = 0; step < count; step++) {
    checkAborted(signal, what);
    const t = t0 + step * h;
    const end = Math.min(t1, t + h);
    y = advance(field, stateOf(y, what), y, t, end - t, options);
    times.push(end);
    rankList.push(ranksOf(y));
    history.push(normOf(y));
    onStep?.(end, y);
    onProgress?.({ fraction: (step + 1) / count, stage: `t = ${end.toPrecision(4)}` });
  }
  return { y: y as Y, times, ranks: rankList, history, notes };
}

/** A matrix u · s · vᴴ with orthonormal u and v. */
export interface LowRankMatrix {
  /** `[m, r]` */
  readonly u: Tensor;
  /** `[r, r]` */
  readonly s: Tensor;
  /** `[n, r]` */
  readonly v: Tensor;
}

/**
 * One step for a matrix Y = u s vᴴ: `bugStep` for two modes. F is a `KroneckerSumOperator` on mode 0 (rows) and mode 1
 * (columns; it acts on Yᵀ), or a function of the factored matrix. Throws as `bugStep`.
 */
export function bugMatrix(
  f: KroneckerSumOperator | ((t: number, y: LowRankMatrix) => LowRankMatrix),
  y: LowRankMatrix,
  t: number,
  h: number,
  options: BugStepOptions = {},
): LowRankMatrix {
  const toTucker = ({ u, s, v }: LowRankMatrix): Tucker => ({
    kind: "tucker",
    core: s,
    factors: [u, v.conj()],
  });
  const toMatrix = ({ core, factors }: Tucker): LowRankMatrix => ({
    u: factors[0]!,
    s: core,
    v: factors[1]!.conj(),
  });
  const field: RightHandSide<Tucker> =
    f instanceof KroneckerSumOperator ? f : (time, state) => toTucker(f(time, toMatrix(state)));
  return toMatrix(bugStep(field, toTucker(y), t, h, options));
}

function checkStep(h: number, { tolerance, maxRank, local }: BugStepOptions, what: string): void {
  if (!(h > 0 && h < Number.POSITIVE_INFINITY)) throw new DomainError(`${what}: h must be above 0, got ${h}`);
  if (tolerance !== undefined && !(tolerance >= 0 && tolerance < Number.POSITIVE_INFINITY))
    throw new DomainError(`${what}: tolerance must be finite and at least 0, got ${tolerance}`);
  if (maxRank !== undefined) checkMaxRank(maxRank, what);
  const { method = "rk4", substeps } = local ?? {};
  if (method !== "rk4" && method !== "krylov")
    throw new DomainError(`${what}: local.method must be rk4 or krylov, got ${String(method)}`);
  if (substeps !== undefined && !(Number.isInteger(substeps) && substeps >= 1))
    throw new DomainError(`${what}: local.substeps must be an integer of at least 1, got ${substeps}`);
}

/** The state with orthonormal bases, and the dtype of the computation. */
function prepared<Y extends LowRank>(
  f: RightHandSide<Y>,
  y: Y,
  what: string,
): { state: TreeState; changed: boolean; dtype: DType } {
  const root = stateOf(y, what);
  const bases = y.kind === "tucker" ? y.factors : y.leaves;
  bases.forEach((u, k) => {
    if (u.shape[1]! > u.shape[0]!)
      throw new DomainError(`${what}: rank ${u.shape[1]} of mode ${k} is above its length ${u.shape[0]}`);
  });
  const shape = bases.map((u) => u.shape[0]!);
  let dtype = promote("float64", root.tensor.dtype);
  if (f instanceof KroneckerSumOperator) {
    if (!sameShape(f.shape, shape))
      throw new ShapeError(
        `${what}: the operator is for modes [${f.shape.join(", ")}], the state has [${shape.join(", ")}]`,
      );
    dtype = promote(dtype, f.dtype);
  } else if (typeof f !== "function")
    throw new DomainError(`${what}: F must be a KroneckerSumOperator or a function`);
  if (bases.some((u) => isComplex(u.dtype))) dtype = "complex128";
  return { ...orthonormalState(root), dtype };
}

const fieldOf = <Y extends LowRank>(f: RightHandSide<Y>, y: Y): OperatorField | FunctionField =>
  f instanceof KroneckerSumOperator
    ? new OperatorField(f)
    : new FunctionField((t, state) => f(t, state as Y), y);

const ranksOf = (y: LowRank): readonly number[] =>
  y.kind === "tucker" ? tuckerRules.ranks(y) : treeRules.ranks(y);

/** The norm of a state with orthonormal bases. */
const normOf = (y: LowRank): number =>
  frobenius((y.kind === "tucker" ? y.core : y.transfers[0]!).contiguous());

function advance(
  field: OperatorField | FunctionField,
  root: TreeState,
  like: LowRank,
  t: number,
  h: number,
  options: BugStepOptions,
): LowRank {
  const { augment = true, maxRank } = options;
  const grown = updateNode(root, root.tensor, field.around(), t, h, options);
  const y = lowRankOf(innerState(grown.children, grown.core), like);
  if (!augment) return y;
  const norm = normOf(y);
  const tolerance = options.tolerance ?? 1e-3 * h * norm;
  // A relative error of 1 would be no state at all.
  const rtol = norm > 0 ? Math.min(tolerance / norm, 0.999) : 0;
  return truncated(y, rtol, maxRank);
}

function truncated(y: LowRank, rtol: number, maxRank: number | undefined): LowRank {
  const limit = maxRank === undefined ? {} : { maxRank };
  if (y.kind === "tree") return treeRules.round(y, { rtol, ...limit }) as Tree;
  const small = sthosvd(y.core.contiguous(), { rtol, truncation: "svd", ...limit });
  return {
    kind: "tucker",
    core: small.core.contiguous(),
    factors: small.factors.map((u, k) => matmul(y.factors[k]!, u)),
  };
}

interface Grown {
  /** `[…, r_parent]` in the bases of the new children. */
  readonly core: Tensor;
  readonly children: readonly TreeState[];
  /** Old bases in terms of the new ones, `[new, old]`. */
  readonly carry: readonly Tensor[];
}

/**
 * The step of one inner node from the core that it starts with (in a recursion weights of the parent are folded into its last
 * axis): its children, updated independently of each other, and the new core, not yet truncated.
 */
function updateNode(
  node: TreeState,
  start: Tensor,
  around: Surroundings,
  t: number,
  h: number,
  options: BugStepOptions,
): Grown {
  const { augment = true, local = {} } = options;
  const galerkin = integrate(around.problem(node), start, t, h, local);
  const updates = node.children.map((child, i) => {
    const { weights, rows } = splitAxis(start, i);
    const below = around.below(node, i, rows);
    return { rows, ...updateChild(child, weights, below, t, h, options) };
  });
  const carry = updates.map((update) => update.carry);
  const children = updates.map((update) => update.state);
  if (!augment) return { core: multiModeProduct(galerkin, [...carry, null]), children, carry };
  const shape = [...children.map(({ tensor }) => tensor.shape.at(-1)!), start.shape.at(-1)!];
  const origin = shape.map(() => 0);
  let core = placed(galerkin, origin, shape);
  updates.forEach(({ rows, gained }, i) => {
    if (gained.shape[0] === 0) return;
    const offset = origin.map((_, axis) => (axis === i ? start.shape[i]! : 0));
    core = core.add(placed(modeProduct(rows, gained, i), offset, shape));
  });
  return { core, children, carry };
}

interface UpdatedChild {
  readonly state: TreeState;
  readonly carry: Tensor;
  /** The new directions' share of the state at the end, `[new, q]`. */
  readonly gained: Tensor;
}

function updateChild(
  child: TreeState,
  weights: Tensor,
  around: Surroundings,
  t: number,
  h: number,
  options: BugStepOptions,
): UpdatedChild {
  const { augment = true, local = {} } = options;
  if (child.children.length === 0) {
    const u = child.tensor;
    const k = integrate(around.problem(child), matmul(u, weights), t, h, local);
    const { basis, carry, gained } = extend(u, k, augment);
    return { state: leafState(child.modes[0]!, basis), carry, gained };
  }
  const rank = child.tensor.shape.at(-1)!;
  const last = child.children.length;
  const grown = updateNode(child, modeProduct(child.tensor, mT(weights), last), around, t, h, options);
  const lengths = grown.core.shape.slice(0, -1);
  const old = reshape(multiModeProduct(child.tensor, [...grown.carry, null]), [-1, rank]);
  const end = reshape(grown.core, [-1, grown.core.shape.at(-1)!]);
  const { basis, carry, gained } = extend(old, end, augment);
  return {
    state: innerState(grown.children, reshape(basis, [...lengths, basis.shape[1]!])),
    carry,
    gained,
  };
}

/**
 * The old basis u with what k adds to its range behind it. Directions come from Householder's QR of both side by side:
 * a residual (I - u uᴴ)k that is not made orthogonal once more is not orthogonal to u, and the solution explodes.
 */
function extend(u: Tensor, k: Tensor, augment: boolean): { basis: Tensor; carry: Tensor; gained: Tensor } {
  const r = u.shape[1]!;
  if (!augment) {
    const { q } = qr(k.contiguous());
    return { basis: q, carry: matmul(adjoint(q), u), gained: zeros([0, k.shape[1]!], k.dtype) };
  }
  const { q } = qr(concat([u, k], 1).contiguous());
  const width = q.shape[1]!;
  const fresh = narrowAxis(q, 1, r, width);
  return {
    basis: width > r ? concat([u, fresh], 1).contiguous() : u,
    carry: eye(width, r, { dtype: u.dtype }),
    gained: width > r ? matmul(adjoint(fresh), k) : zeros([0, k.shape[1]!], k.dtype),
  };
}

/** A core as weights `[r_i, q]` along one axis times a core with orthonormal rows along it. */
function splitAxis(core: Tensor, axis: number): { weights: Tensor; rows: Tensor } {
  const moved = moveAxis(core, axis, 0);
  const matrix = reshape(moved, [core.shape[axis]!, -1]);
  const { q, r } = qr(adjoint(matrix).contiguous());
  const rows = moveAxis(reshape(adjoint(q), [q.shape[1]!, ...moved.shape.slice(1)]), 0, axis);
  return { weights: adjoint(r).contiguous(), rows: rows.contiguous() };
}

/** A tensor of zeros with x at the given offsets. */
function placed(x: Tensor, offsets: readonly number[], shape: readonly number[]): Tensor {
  let result = x;
  shape.forEach((length, axis) => {
    const before = offsets[axis]!;
    const after = length - before - result.shape[axis]!;
    const gap = (n: number): Tensor[] =>
      n > 0
        ? [
            zeros(
              result.shape.map((m, k) => (k === axis ? n : m)),
              x.dtype,
            ),
          ]
        : [];
    const parts = [...gap(before), result, ...gap(after)];
    if (parts.length > 1) result = concat(parts, axis);
  });
  return result;
}

/** The solution of a local problem at t + h. */
function integrate(
  { derivative, isLinear, bound }: LocalProblem,
  start: Tensor,
  t: number,
  h: number,
  { method = "rk4", substeps }: LocalSolver,
): Tensor {
  if (method === "krylov") {
    if (!isLinear)
      throw new DomainError(
        "local.method krylov needs a KroneckerSumOperator: its exponentials are of linear maps",
      );
    const flat = reshape(start, [-1]).contiguous();
    if (frobenius(flat) === 0) return start;
    const operator = new FunctionOperator((x) => reshape(derivative(t, reshape(x, start.shape)), [-1]), {
      shape: [flat.size, flat.size],
      dtype: start.dtype,
    });
    return reshape(expmMultiply(operator, flat, { t: h, tol: 1e-10 }).x, start.shape);
  }
  const steps = substeps ?? Math.max(1, Math.ceil(2 * h * bound(t, start)));
  const step = h / steps;
  let y = start;
  for (let i = 0; i < steps; i++) {
    const now = t + i * step;
    const k1 = derivative(now, y);
    const k2 = derivative(now + step / 2, y.add(k1.mul(step / 2)));
    const k3 = derivative(now + step / 2, y.add(k2.mul(step / 2)));
    const k4 = derivative(now + step, y.add(k3.mul(step)));
    y = y.add(
      k1
        .add(k4)
        .add(k2.add(k3).mul(2))
        .mul(step / 6),
    );
  }
  return y.contiguous();
}
