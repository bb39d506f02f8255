// Roots of many equations of one variable each, at once: every step evaluates the function on the tensor of all points.

import { asTensor } from "../../ops/operands.ts";
import { ones } from "../../tensor/create.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { broadcastShapes, formatShape, type Shape, sameShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor, type TensorLike } from "../../tensor/tensor.ts";
import { jvp } from "../../transform/directional.ts";
import { checkSigns, type ScalarTolerances, tolerances } from "./function.ts";

/** Applied to a tensor of points, element by element. */
export type ElementwiseFunction = (x: Tensor) => Tensor;

export interface ElementwiseResult {
  /** float64, like `value`. */
  readonly x: Tensor;
  readonly value: Tensor;
  readonly iterations: number;
  /** bool, of the same shape. */
  readonly converged: Tensor;
}

/** Finite float64 numbers. */
function numbers(name: string, what: string, value: TensorLike, shape: Shape): Float64Array {
  const x = asTensor(value, `${name}: ${what}`);
  if (x.dtype.startsWith("complex"))
    throw new DTypeError(`${name}: ${what}: real numbers were expected, got ${x.dtype}`);
  const data = x.astype("float64").broadcastTo(shape).toTypedArray() as Float64Array;
  for (const each of data)
    if (!Number.isFinite(each))
      throw new DomainError(`${name}: ${what}: finite numbers were expected, got ${each}`);
  return data;
}

const at = (x: Float64Array, shape: Shape): Tensor => new Tensor(x.slice(), shape, "float64");

function values(name: string, f: ElementwiseFunction, x: Float64Array, shape: Shape): Float64Array {
  return elements(name, f(at(x, shape)), shape);
}

function elements(name: string, value: Tensor, shape: Shape): Float64Array {
  if (!(value instanceof Tensor) || !sameShape(value.shape, shape))
    throw new ShapeError(
      `${name}: f: a tensor of shape ${formatShape(shape)} was expected, got ${value instanceof Tensor ? formatShape(value.shape) : typeof value}`,
    );
  return value.astype("float64").data() as Float64Array;
}

/** The shape in which starts and equations meet: one start may serve many equations. */
function shapeOf(name: string, f: ElementwiseFunction, ...starts: readonly TensorLike[]): Shape {
  const shape = broadcastShapes(...starts.map((x) => asTensor(x).shape));
  const value = f(at(numbers(name, "start", starts[0]!, shape), shape));
  return value instanceof Tensor ? broadcastShapes(shape, value.shape) : shape;
}

function results(
  shape: Shape,
  x: Float64Array,
  value: Float64Array,
  converged: Uint8Array,
  iterations: number,
): ElementwiseResult {
  return {
    x: at(x, shape),
    value: at(value, shape),
    iterations,
    converged: new Tensor(converged, shape, "bool"),
  };
}

/**
 * Roots of an element-wise function between a and b, which broadcast with each other and with the values of f: inverse quadratic interpolation where Chandrupatla's criterion
 * says that it does well, else halving. Each step is one call of f with all points. Throws DomainError unless f(a) and f(b) have
 * different signs in every element, ShapeError when f changes the shape.
 *
 * Source: Chandrupatla, A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear function (1997).
 */
export function chandrupatla(
  f: ElementwiseFunction,
  a: TensorLike,
  b: TensorLike,
  options: ScalarTolerances = {},
): ElementwiseResult {
  const name = "chandrupatla";
  const { atol, rtol, maxIterations } = tolerances(name, options);
  const shape = shapeOf(name, f, a, b);
  const n = sizeOf(shape);
  const x1 = numbers(name, "a", a, shape);
  const x2 = numbers(name, "b", b, shape);
  const f1 = values(name, f, x1, shape).slice();
  const f2 = values(name, f, x2, shape).slice();
  for (let i = 0; i < n; i++) checkSigns(name, x1[i]!, x2[i]!, f1[i]!, f2[i]!);
  const x3 = x2.slice();
  const f3 = f2.slice();
  const next = new Float64Array(n);
  const t = new Float64Array(n).fill(0.5);
  const converged = new Uint8Array(n);
  const x = x1.slice();
  const value = f1.slice();
  const judge = (i: number): number => {
    const isFirst = Math.abs(f1[i]!) < Math.abs(f2[i]!);
    x[i] = isFirst ? x1[i]! : x2[i]!;
    value[i] = isFirst ? f1[i]! : f2[i]!;
    const share = (atol + 2 * rtol * Math.abs(x[i]!)) / (2 * Math.abs(x2[i]! - x1[i]!));
    if (value[i] === 0 || share > 0.5) converged[i] = 1;
    return share;
  };
  for (let i = 0; i < n; i++) judge(i);
  let iterations = 0;
  for (; iterations < maxIterations && converged.includes(0); iterations++) {
    for (let i = 0; i < n; i++) next[i] = converged[i] ? x[i]! : x1[i]! + t[i]! * (x2[i]! - x1[i]!);
    const found = values(name, f, next, shape);
    for (let i = 0; i < n; i++) {
      if (converged[i]) continue;
      const isSame = Math.sign(found[i]!) === Math.sign(f1[i]!);
      x3[i] = isSame ? x1[i]! : x2[i]!;
      f3[i] = isSame ? f1[i]! : f2[i]!;
      if (!isSame) {
        x2[i] = x1[i]!;
        f2[i] = f1[i]!;
      }
      x1[i] = next[i]!;
      f1[i] = found[i]!;
      const share = judge(i);
      if (converged[i]) continue;
      const place = (x1[i]! - x2[i]!) / (x3[i]! - x2[i]!);
      const height = (f1[i]! - f2[i]!) / (f3[i]! - f2[i]!);
      t[i] = 0.5;
      if (height * height < place && (1 - height) ** 2 < 1 - place) {
        const alpha = (x3[i]! - x1[i]!) / (x2[i]! - x1[i]!);
        t[i] =
          (f1[i]! / (f2[i]! - f1[i]!)) * (f3[i]! / (f2[i]! - f3[i]!)) +
          alpha * (f1[i]! / (f3[i]! - f1[i]!)) * (f2[i]! / (f3[i]! - f2[i]!));
      }
      t[i] = Math.min(1 - share, Math.max(share, t[i]!));
    }
  }
  return results(shape, x, value, converged, iterations);
}

/**
 * Roots of an element-wise function by Newton's method from x0, with the derivative by forward differentiation. Each step is one call
 * of f with all points. There is no bracket: an element that runs away, or meets a horizontal tangent, is reported as not converged.
 * Throws DomainError for an x0 that is not finite, ShapeError when f changes the shape.
 */
export function newtonRoot(
  f: ElementwiseFunction,
  x0: TensorLike,
  options: ScalarTolerances = {},
): ElementwiseResult {
  const name = "newtonRoot";
  const { atol, rtol, maxIterations } = tolerances(name, options);
  const shape = shapeOf(name, f, x0);
  const x = numbers(name, "x0", x0, shape);
  const n = x.length;
  const direction = ones(shape);
  const converged = new Uint8Array(n);
  const stopped = new Uint8Array(n);
  let value: Float64Array = new Float64Array(n);
  let iterations = 0;
  for (; ; iterations++) {
    const dual = jvp(f, [at(x, shape)], [direction]);
    value = elements(name, dual.value, shape);
    const slope = elements(name, dual.tangent, shape);
    for (let i = 0; i < n; i++) if (value[i] === 0) converged[i] = stopped[i] = 1;
    if (iterations === maxIterations || !stopped.includes(0)) break;
    for (let i = 0; i < n; i++) {
      if (stopped[i]) continue;
      const step = value[i]! / slope[i]!;
      if (!Number.isFinite(x[i]! - step)) {
        stopped[i] = 1;
        continue;
      }
      x[i]! -= step;
      if (Math.abs(step) <= atol + rtol * Math.abs(x[i]!)) converged[i] = stopped[i] = 1;
    }
  }
  return results(shape, x, value, converged, iterations);
}
