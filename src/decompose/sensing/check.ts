// What comes to matrix sensing, checked at the door.

import { Dense } from "../../linalg/operator/dense.ts";
import { LinearOperator } from "../../linalg/operator/operator.ts";
import { isComplex } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkFiniteRows } from "../base/observations.ts";

/** Throws DTypeError unless a tensor is float32 or float64. */
export function checkReal(x: Tensor, what: string): void {
  if (!(x instanceof Tensor))
    throw new DTypeError(`${what}: a tensor was expected; make tensors of arrays with tensor()`);
  if (x.dtype !== "float64" && x.dtype !== "float32")
    throw new DTypeError(`${what}: float64 or float32 was expected, got ${x.dtype}`);
}

/** The m numbers measured as float64. Throws DTypeError, ShapeError or DomainError for anything else. */
export function checkMeasured(y: Tensor, m: number, what: string): Float64Array {
  checkReal(y, what);
  if (y.ndim !== 1 || y.shape[0] !== m)
    throw new ShapeError(`${what}: shape [${m}] was expected, got ${formatShape(y.shape)}`);
  const data = Float64Array.from(y.data());
  checkFiniteRows(data, 1, what);
  return data;
}

/** Throws unless a real operator measures matrices of `size` numbers, at least once. */
export function checkSensing(op: LinearOperator, size: number, what: string): void {
  if (isComplex(op.dtype)) throw new DTypeError(`${what}: a real operator was expected, got ${op.dtype}`);
  if (op.shape[1] !== size)
    throw new ShapeError(
      `${what}: an operator [m, ${size}] on vectorised matrices was expected, got ${formatShape(op.shape)}`,
    );
  if (op.shape[0] === 0) throw new DomainError(`${what}: at least one measurement was expected, got none`);
}

/** Measurements of symmetric matrices `[n, n]`, dense or as an operator. Throws ShapeError, DTypeError, DomainError. */
export function checkMeasurements(
  given: Tensor | LinearOperator,
  what: string,
): { op: LinearOperator; n: number } {
  if (given instanceof LinearOperator) {
    const n = Math.round(Math.sqrt(given.shape[1]));
    checkSensing(given, n * n, what);
    return { op: given, n };
  }
  checkReal(given, what);
  const { shape } = given;
  if (given.ndim !== 3 || shape[1] !== shape[2] || given.size === 0)
    throw new ShapeError(`${what}: shape [m, n, n] was expected, got ${formatShape(shape)}`);
  const [m, n] = shape as readonly [number, number];
  const rows = given.astype("float64").reshape([m, n * n]);
  checkFiniteRows(rows.contiguous().data() as Float64Array, n * n, what);
  return { op: new Dense(rows), n };
}

/** Throws DomainError unless a rank is an integer from 1 to n. */
export function checkRank(what: string, rank: number, n: number): void {
  if (!(Number.isInteger(rank) && rank >= 1 && rank <= n))
    throw new DomainError(`${what}: an integer from 1 to ${n} was expected, got ${rank}`);
}
