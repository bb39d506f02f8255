// Differential equations inside of transforms: solutions that can be compiled, mapped and differentiated.

import { stack } from "../ops/join.ts";
import { Tracer } from "../ops/tracer.ts";
import { tensor, zeros } from "../tensor/create.ts";
import { isComplex, isFloat } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { treeFlatten, treeUnflatten } from "../tensor/tree.ts";
import { scan } from "../transform/control/scan.ts";
import { customVjp } from "../transform/custom/customVjp.ts";
import { vjp } from "../transform/gradient.ts";
import { type PidController, pid } from "./controller.ts";
import { vectorFields } from "./fields.ts";
import { dopri5 } from "./methods/explicit.ts";
import { absoluteTolerance, positive, saveTimes } from "./options.ts";
import type { FieldKind, Fields, OdeMethod, RightHandSide } from "./problem.ts";
import { checkFinite, layoutOf, ravelState, unravelState } from "./state.ts";
import { type AdaptiveOptions, adaptiveSolve, fixedSolve, type TracedSolution } from "./traced.ts";

export interface OdeintOptions<Y, A, K extends FieldKind = "plain"> {
  /**
   * `dopri5()` unless told. Without `steps` a Runge-Kutta method with an error estimate, explicit or implicit; with `steps` any
   * that can be traced.
   */
  readonly method?: OdeMethod<K>;
  /** As in `solveOde`. */
  readonly rtol?: number;
  readonly atol?: number | Y;
  readonly controller?: PidController;
  readonly initialStep?: number;
  /**
   * Trial steps after which the loop ends, 1000 unless told; rows not reached are NaN. Reverse mode inside of `jit` makes
   * room for so many.
   */
  readonly maxSteps?: number;
  /** This many equal steps between each two times, in place of steps of controlled error. */
  readonly steps?: number;
  readonly args?: A;
  /**
   * How reverse mode works. "discretise" (unless told) goes back through the accepted steps: exact for what was computed,
   * memory grows with the steps. "backsolve" solves the adjoint equation backwards: memory does not grow, derivatives
   * are as exact as the tolerances, and only with respect to y0, times and args, not to what f closes over.
   */
  readonly adjoint?: "discretise" | "backsolve";
}

export interface OdeintSolution<Y> {
  /** The state at each time: a new axis 0. */
  readonly y: Y;
  /** int32 scalars: trial steps, and those of them that were accepted. */
  readonly steps: Tensor;
  readonly accepted: Tensor;
  /** A bool scalar: whether the last time was reached. */
  readonly converged: Tensor;
}

/**
 * The solution of y' = f(t, y, args) at `times` `[m]`, the first of which is where y0 belongs; they rise or fall. Made of
 * tensor operations only, so that it works inside of `jit` (the whole integration is then one WebAssembly function),
 * `vmap`, `jvp` and `grad`, by y0, times and args. For dense output, events and stiff problems of any size see
 * `solveOde`.
 *
 * Throws DomainError for times out of order or tolerances that make no sense, ShapeError, DTypeError or TreeError when f
 * does not return a tree like y0. Sources: Chen and others, Neural ordinary differential equations (2018), for the
 * adjoint equation; Kidger, On neural differential equations (2021), section 5.
 */
export function odeint<Y, A = undefined, K extends FieldKind = "plain">(
  f: Fields<Y, A>[K],
  y0: Y,
  times: Tensor | readonly number[],
  options: OdeintOptions<Y, A, K> = {},
): OdeintSolution<Y> {
  const method = (options.method ?? dopri5()) as unknown as OdeMethod;
  const layout = layoutOf("odeint", y0);
  const when = times instanceof Tensor ? times.astype("float64") : tensor(Float64Array.from(times));
  if (when.ndim !== 1 || when.size < 2)
    throw new ShapeError(`odeint: times: shape [m] with m >= 2 was expected, got ${formatShape(when.shape)}`);
  if (!(when instanceof Tracer)) {
    const known = [...(when.data() as Float64Array)];
    saveTimes(known, known[0]!, known.at(-1)!, "odeint");
  }
  const { steps, maxSteps = 1000, adjoint = "discretise", args } = options;
  const rtol = positive(options.rtol, "rtol", "odeint") ?? 1e-6;
  const atol = absoluteTolerance(layout, options.atol ?? 1e-9, "odeint");
  for (const [name, count] of Object.entries({ maxSteps, steps: steps ?? 1 }))
    if (!(Number.isInteger(count) && count > 0))
      throw new DomainError(`odeint: ${name}: a positive integer was expected, got ${count}`);
  if (adjoint !== "discretise" && adjoint !== "backsolve")
    throw new DomainError(
      `odeint: adjoint: "discretise" or "backsolve" was expected, got ${String(adjoint)}`,
    );
  const vector = ravelState(layout, y0, "odeint: y0");
  if (!(vector instanceof Tracer)) checkFinite("odeint", "y0", vector.data() as Float64Array);

  if (steps !== undefined) {
    const { step } = method;
    if (!step) throw new DomainError(`odeint: method ${method.name} cannot be traced; take solveOde`);
    const fields = vectorFields(layout, method.kind, f as never, args, "odeint");
    const count = tensor(steps * (when.size - 1), { dtype: "int32" });
    const y = fixedSolve((t, h, x) => step(fields as never, t, h, x), vector, when, steps);
    return { y: unravelState<Y>(layout, y), steps: count, accepted: count, converged: tensor(true) };
  }
  if (!method.trial || method.kind !== "plain")
    throw new DomainError(
      `odeint: method ${method.name} has no error estimate that can be traced; give steps, or take solveOde`,
    );
  const adaptive: AdaptiveOptions = {
    method: method as OdeMethod<"plain">,
    controller: options.controller ?? pid(),
    rtol: tensor(rtol),
    atol,
    maxSteps,
    initialStep: positive(options.initialStep, "initialStep", "odeint"),
  };
  const field = (t: Tensor, y: Tensor, own: unknown): Tensor =>
    ravelState(
      layout,
      (f as RightHandSide<Y, A>)(t, unravelState<Y>(layout, y), own as A),
      "odeint: f's result",
    );
  const solution =
    adjoint === "discretise"
      ? adaptiveSolve(field, vector, when, args, adaptive)
      : backsolve(field, vector, when, args, adaptive);
  return { ...solution, y: unravelState<Y>(layout, solution.y) };
}

type Field = (t: Tensor, y: Tensor, args: unknown) => Tensor;

/** The adaptive solution with the adjoint equation as its derivative. */
function backsolve(
  f: Field,
  y0: Tensor,
  times: Tensor,
  args: unknown,
  options: AdaptiveOptions,
): TracedSolution {
  const { leaves, structure } = treeFlatten(args);
  const withLeaves =
    (fixed: readonly Tensor[]) =>
    (t: Tensor, y: Tensor, moving: readonly Tensor[]): Tensor => {
      let next = 0;
      const all = fixed.map((leaf) => (isMoving(leaf) ? moving[next++]! : leaf));
      return f(t, y, structure.paths.length === 0 ? args : treeUnflatten(structure, all));
    };
  const solve = (y: Tensor, when: Tensor, own: readonly Tensor[]): TracedSolution =>
    adaptiveSolve((t, x) => withLeaves(own)(t, x, own.filter(isMoving)), y, when, undefined, options);
  const solved = customVjp<readonly [Tensor, Tensor, readonly Tensor[]], TracedSolution, Residuals>(solve, {
    forward: (y, when, own) => {
      const solution = solve(y, when, own);
      return [solution, { ys: solution.y, times: when, args: own }];
    },
    backward: ({ ys, times: when, args: own }, cotangent) => {
      const moving = own.filter(isMoving);
      const back = pullBack(withLeaves(own), ys, when, moving, cotangent.y, options);
      let next = 0;
      return [back.y, back.times, own.map((leaf) => (isMoving(leaf) ? back.args[next++]! : leaf.mul(0)))];
    },
  });
  return solved(y0, times, leaves);
}

interface Residuals {
  readonly ys: Tensor;
  readonly times: Tensor;
  readonly args: readonly Tensor[];
}

const isMoving = ({ dtype }: Tensor): boolean => isFloat(dtype) || isComplex(dtype);

interface Augmented {
  readonly y: Tensor;
  /** The cotangent of the state. */
  readonly a: Tensor;
  /** The cotangent of the arguments, gathered so far. */
  readonly args: readonly Tensor[];
}

/**
 * Cotangents of y0, times and arguments from those of the states `[m, n]`: from the last time to the first, y' = f,
 * a' = -aᵀ ∂f/∂y and g' = -aᵀ ∂f/∂args; at each time y is set to the known state, and a takes up its cotangent.
 */
function pullBack(
  f: (t: Tensor, y: Tensor, args: readonly Tensor[]) => Tensor,
  ys: Tensor,
  times: Tensor,
  args: readonly Tensor[],
  cotangents: Tensor,
  options: AdaptiveOptions,
): { readonly y: Tensor; readonly times: Tensor; readonly args: readonly Tensor[] } {
  const m = times.shape[0]!;
  const empty: Augmented = { y: ys.at(0), a: ys.at(0), args };
  const layout = layoutOf("odeint", empty);
  const augmented = (t: Tensor, vector: Tensor): Tensor => {
    const { y, a } = unravelState<Augmented>(layout, vector);
    const { value, pullback } = vjp((x: Tensor, own: readonly Tensor[]) => f(t, x, own), y, args);
    const [da, dargs] = pullback(a) as readonly [Tensor, readonly Tensor[]];
    return ravelState(layout, { y: value, a: da.neg(), args: dargs.map((x) => x.neg()) }, "odeint: adjoint");
  };
  const slopeAlong = (t: Tensor, y: Tensor, a: Tensor): Tensor =>
    a
      .mul(f(t, y, args))
      .real()
      .sum();
  const { carry, ys: ends } = scan(
    (
      { a, args: gathered }: Omit<Augmented, "y">,
      [from, to, y, own]: readonly [Tensor, Tensor, Tensor, Tensor],
    ) => {
      const full = a.add(own);
      const start = ravelState(layout, { y, a: full, args: gathered }, "odeint: adjoint");
      const atol = options.atol.ndim === 0 ? options.atol : options.atol.min();
      const solution = adaptiveSolve(augmented, start, stack([from, to]), undefined, { ...options, atol });
      const next = unravelState<Augmented>(layout, solution.y.at(1));
      return [{ a: next.a, args: next.args }, slopeAlong(from, y, own)] as const;
    },
    { a: ys.at(0).mul(0), args: args.map((x) => zeros(x.shape, x.dtype)) },
    [times.at("1:"), times.at(`:${m - 1}`), ys.at("1:"), cotangents.at("1:")] as const,
    { reverse: true },
  );
  const first = slopeAlong(times.at(0), ys.at(0), carry.a).neg();
  return {
    y: carry.a.add(cotangents.at(0)),
    times: stack([first, ...Array.from({ length: m - 1 }, (_, i) => ends.at(i))]),
    args: carry.args,
  };
}
