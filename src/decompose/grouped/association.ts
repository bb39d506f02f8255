// Which columns of a table go with the classes of its rows: the F test and the χ² test of each column.

import { betaincc, gammaincc } from "../../special/gamma/incomplete.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { isInteger } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkFiniteRows, checkTable, realNumbers } from "../base/observations.ts";

export interface Association {
  /** `[p]`; 0 for a column that is constant. */
  readonly statistics: Tensor;
  /** `[p]`: chance of a statistic as large without any association. */
  readonly pValues: Tensor;
}

interface Table {
  readonly n: number;
  readonly p: number;
  readonly data: Float64Array;
  /** Class of each row, 0 … classes − 1. */
  readonly classOf: Int32Array;
  readonly sizes: readonly number[];
}

/**
 * One-way analysis of variance of each column of x `[n, p]` over the classes of its rows. O(n p).
 *
 * @throws ShapeError unless x is `[n, p]` and labels `[n]`; DTypeError for labels that are no integers; DomainError for
 * numbers that are not finite, a single class, or no more rows than classes.
 */
export function anovaF(x: Tensor, labels: Tensor): Association {
  const { n, p, data, classOf, sizes } = checkTwo(x, labels, "anovaF");
  const classes = sizes.length;
  if (n <= classes)
    throw new DomainError(`anovaF: more rows than the ${classes} classes were expected, got ${n}`);
  const statistics = new Float64Array(p);
  for (let j = 0; j < p; j++) {
    let mean = 0;
    for (let i = 0; i < n; i++) mean += data[i * p + j]! / n;
    const own = new Float64Array(classes);
    let total = 0;
    for (let i = 0; i < n; i++) {
      const gap = data[i * p + j]! - mean;
      own[classOf[i]!]! += gap;
      total += gap * gap;
    }
    let between = 0;
    own.forEach((sum, c) => {
      between += (sum * sum) / sizes[c]!;
    });
    // What rounding leaves of a constant column is no variation.
    if (total <= n * (Number.EPSILON * mean) ** 2) continue;
    statistics[j] = between / (classes - 1) / (Math.max(0, total - between) / (n - classes));
  }
  const [d1, d2] = [classes - 1, n - classes];
  // P(F > f) = I_{d1 f / (d1 f + d2)} upwards of (d1/2, d2/2).
  const share = statistics.map((f) => (f === Number.POSITIVE_INFINITY ? 1 : (d1 * f) / (d1 * f + d2)));
  return {
    statistics: column(statistics),
    pValues: betaincc(d1 / 2, d2 / 2, column(share)),
  };
}

/**
 * χ² of each column of counts x `[n, p]`: sums over classes against what the classes' sizes make expect. O(n p).
 *
 * @throws as `anovaF`; DomainError also for negative entries.
 */
export function chi2(x: Tensor, labels: Tensor): Association {
  const { n, p, data, classOf, sizes } = checkTwo(x, labels, "chi2");
  const bad = data.findIndex((value) => value < 0);
  if (bad >= 0)
    throw new DomainError(`chi2: x: row ${Math.floor(bad / p)} has a negative entry: ${data[bad]}`);
  const statistics = new Float64Array(p);
  for (let j = 0; j < p; j++) {
    const own = new Float64Array(sizes.length);
    let total = 0;
    for (let i = 0; i < n; i++) {
      own[classOf[i]!]! += data[i * p + j]!;
      total += data[i * p + j]!;
    }
    if (total === 0) continue;
    own.forEach((seen, c) => {
      const expected = (total * sizes[c]!) / n;
      statistics[j]! += (seen - expected) ** 2 / expected;
    });
  }
  const tails = column(statistics.map((value) => value / 2));
  return { statistics: column(statistics), pValues: gammaincc((sizes.length - 1) / 2, tails) };
}

const column = (data: Float64Array): Tensor => fromTypedArray(data, [data.length], "float64");

/** Labels as 0, 1, … in ascending order, and what they were. */
export function classesOf(labels: Tensor, n: number, what: string): { classOf: Int32Array; names: number[] } {
  if (!(labels instanceof Tensor) || !isInteger(labels.dtype))
    throw new DTypeError(`${what}: labels: an integer tensor was expected`);
  if (labels.ndim !== 1 || labels.shape[0] !== n)
    throw new ShapeError(`${what}: labels: shape [${n}] was expected, got ${formatShape(labels.shape)}`);
  const data = labels.data();
  const names = [...new Set(Array.from(data, Number))].sort((a, b) => a - b);
  if (names.length < 2)
    throw new DomainError(`${what}: labels: at least two classes were expected, got only ${names.join()}`);
  const number = new Map(names.map((name, i) => [name, i]));
  return { classOf: Int32Array.from(data, (label) => number.get(Number(label))!), names };
}

function checkTwo(x: Tensor, labels: Tensor, what: string): Table {
  checkTable(x, `${what}: x`);
  const [n, p] = x.shape as [number, number];
  const data = realNumbers(x, `${what}: x`);
  checkFiniteRows(data, p, `${what}: x`);
  const { classOf, names } = classesOf(labels, n, what);
  const sizes = new Array<number>(names.length).fill(0);
  for (const c of classOf) sizes[c]!++;
  return { n, p, data, classOf, sizes };
}
