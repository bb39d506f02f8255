// Rules 5 and 9: leaving out where the body is zero, and adding zeros for the sake of a friendlier extent.

import {
  type Affine,
  affine,
  bounds,
  extentOf,
  hits,
  type Range,
  rangesOf,
  shiftedQuotient,
  substitute,
} from "../affine.ts";
import {
  axisRange,
  type Expression,
  factorsOf,
  innermost,
  mapIndices,
  type Scope,
  variablesOf,
} from "../expression.ts";
import { isRoot, replaceScope } from "./replace.ts";

/** Values first + step · j, j < count, of a variable; outside of them the body is zero. */
interface Support {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** Where a factor lets the body be other than zero along a variable; null where that is everywhere. */
function supportOf(scope: Scope, v: Range): Support | null {
  const ranges = rangesOf(variablesOf(scope));
  let { from, to } = v;
  for (const { source, index } of factorsOf(scope.body))
    for (const [axis, at] of index.entries()) {
      const c = at.terms.get(v.name);
      if (c === undefined) continue;
      const range = axisRange(source, axis);
      if (at.terms.size === 1) {
        const { first, step, count } = hits(
          c,
          at.constant - range.from * at.divisor,
          at.divisor,
          v,
          range.to - range.from,
        );
        if (step > 1) return { first, step, count };
        from = Math.max(from, first);
        to = Math.min(to, first + count);
        continue;
      }
      const others = affine(
        [...at.terms].filter(([name]) => name !== v.name),
        at.constant,
      );
      const [low, high] = bounds(others, ranges);
      const ends = [(range.from * at.divisor - high) / c, ((range.to - 1) * at.divisor - low) / c];
      from = Math.max(from, Math.ceil(Math.min(...ends)));
      to = Math.min(to, Math.floor(Math.max(...ends)) + 1);
    }
  return from === v.from && to === v.to ? null : { first: from, step: 1, count: to - from };
}

/**
 * Rule 5: the range of a loop of an inner scope shrinks to where the body is not zero because of padding
 * or of zeros between elements. Readers find the zeros outside of the new range.
 */
export function relaxRanges(expression: Expression): Expression[] {
  const scope = innermost(expression.scope);
  const results: Expression[] = [];
  // Sums stay: a longer one may have been made on purpose.
  for (const v of isRoot(expression, scope) ? [] : scope.loops) {
    const support = supportOf(scope, v);
    if (!support || support.count < 1) continue;
    const { first, step, count } = support;
    const narrowed: Range = { name: v.name, from: 0, to: count };
    const by = affine([[v.name, step]], first);
    const inner: Scope = {
      ...scope,
      loops: scope.loops.map((other) => (other === v ? narrowed : other)),
      body: mapIndices(scope.body, (index) => substitute(index, v.name, by)),
    };
    const axis = scope.loops.indexOf(v);
    const reindex = (index: readonly Affine[]): readonly Affine[] =>
      index.map((at, i) => (i === axis ? shiftedQuotient(at, first, step) : at));
    const result = replaceScope(expression, scope, inner, reindex);
    if (result) results.push(result);
  }
  return results;
}

/** Extents that are enlarged by one: to a multiple of 2 and 3, or to a power of 2. */
const MAGNIFIED = [5, 7];

/** Rule 9: a sum of extent 5 or 7 gets one more term, which is zero because a factor is read outside of its tensor. */
export function magnifyRanges(expression: Expression): Expression[] {
  const scope = innermost(expression.scope);
  const results: Expression[] = [];
  for (const v of scope.sums) {
    if (!MAGNIFIED.includes(extentOf(v))) continue;
    const isZeroBeyond = factorsOf(scope.body).some(({ source, index }) =>
      index.some((at, axis) => {
        const c = at.terms.get(v.name);
        if (c === undefined || at.terms.size !== 1) return false;
        const range = axisRange(source, axis);
        const value = (c * v.to + at.constant) / at.divisor;
        return !(Number.isInteger(value) && value >= range.from && value < range.to);
      }),
    );
    if (!isZeroBeyond) continue;
    const sums = scope.sums.map((other) => (other === v ? { ...v, to: v.to + 1 } : other));
    const result = replaceScope(expression, scope, { ...scope, sums });
    if (result) results.push(result);
  }
  return results;
}
