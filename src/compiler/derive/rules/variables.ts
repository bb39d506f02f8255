// Rules 1 and 2: splitting variables, merging them, and taking others in their place.

import { type Affine, affine, bounds, divide, extentOf, plus, type Range, substitute } from "../affine.ts";
import { accessesOf, type Expression, freshName, innermost, mapIndices, type Scope } from "../expression.ts";
import { isRoot, readsWithin, replaceScope } from "./replace.ts";

/** Sums up to this extent are split, by these factors. */
const LONGEST_SPLIT_SUM = 10;
const SUM_FACTORS = [2, 3];
const LOOP_FACTOR = 4;

const replaceRange = (list: readonly Range[], old: Range, by: readonly Range[]): Range[] =>
  list.flatMap((v) => (v === old ? by : [v]));

/** v = k · v1 + v2, with ranges that begin at 0. */
function splitRange(scope: Scope, v: Range, k: number): { ranges: [Range, Range]; by: Affine } {
  const first = freshName(scope, v.name);
  const second = freshName({ ...scope, sums: [...scope.sums, { ...v, name: first }] }, v.name);
  return {
    ranges: [
      { name: first, from: 0, to: extentOf(v) / k },
      { name: second, from: 0, to: k },
    ],
    by: affine(
      [
        [first, k],
        [second, 1],
      ],
      v.from,
    ),
  };
}

/**
 * Rule 1: a variable becomes two, v = k · v1 + v2, where k divides its extent. Sums of extent up to 10 by 2 and 3, loops
 * by 4.
 */
export function splitVariables(
  expression: Expression,
  isWorthwhile: (scope: Scope, v: Range) => boolean = () => true,
): Expression[] {
  const scope = innermost(expression.scope);
  const results: Expression[] = [];
  for (const v of scope.sums)
    for (const k of SUM_FACTORS) {
      const extent = extentOf(v);
      if (!isWorthwhile(scope, v)) continue;
      if (extent > LONGEST_SPLIT_SUM || extent % k !== 0 || extent === k) continue;
      const { ranges, by } = splitRange(scope, v, k);
      const split: Scope = {
        ...scope,
        sums: replaceRange(scope.sums, v, ranges),
        body: mapIndices(scope.body, (index) => substitute(index, v.name, by)),
      };
      push(results, replaceScope(expression, scope, split));
    }
  scope.loops.forEach((v, axis) => {
    const extent = extentOf(v);
    if (extent % LOOP_FACTOR !== 0 || extent === LOOP_FACTOR || !isWorthwhile(scope, v)) return;
    const { ranges, by } = splitRange(scope, v, LOOP_FACTOR);
    const split: Scope = {
      ...scope,
      loops: replaceRange(scope.loops, v, ranges),
      body: mapIndices(scope.body, (index) => substitute(index, v.name, by)),
    };
    const reindexed = replaceScope(expression, scope, split, (index, readerRanges) => {
      const parts = divide(plus(index[axis]!, affine([], v.from), -1), LOOP_FACTOR, readerRanges);
      return parts && [...index.slice(0, axis), parts.quotient, parts.rest, ...index.slice(axis + 1)];
    });
    push(results, reindexed);
  });
  return results;
}

/** Whether a variable is read together with others: one that never is would be merged again by every operator. */
export const isReadWithOthers = ({ body }: Scope, { name }: Range): boolean =>
  accessesOf(body).some(({ index }) => index.some(({ terms }) => terms.size > 1 && terms.has(name)));

function push<T>(list: T[], item: T | null): void {
  if (item) list.push(item);
}

/** Rule 2, two into one: v = k · v1 + v2 where v1 and v2 (of extent k) come in this combination only. */
export function mergeVariables(expression: Expression): Expression[] {
  const scope = innermost(expression.scope);
  const results: Expression[] = [];
  const accesses = accessesOf(scope.body);
  const joined = (v1: Range, v2: Range): { merged: Range; body: Scope["body"] } | null => {
    const k = extentOf(v2);
    const fits = accesses.every(({ index }) =>
      index.every(({ terms }) => (terms.get(v1.name) ?? 0) === k * (terms.get(v2.name) ?? 0)),
    );
    if (!fits || !accesses.some(({ index }) => index.some(({ terms }) => terms.has(v2.name)))) return null;
    const name = freshName(scope, v1.name);
    const merged = { name, from: 0, to: extentOf(v1) * k };
    const body = mapIndices(scope.body, (index) => {
      const c = index.terms.get(v2.name);
      if (c === undefined) return index;
      const rest = [...index.terms].filter(([other]) => other !== v1.name && other !== v2.name);
      const start = c * (k * v1.from + v2.from);
      return affine([...rest, [name, c]], index.constant + start, index.divisor);
    });
    return { merged, body };
  };
  for (const v1 of scope.sums)
    for (const v2 of scope.sums) {
      const found = v1 === v2 ? null : joined(v1, v2);
      if (!found) continue;
      const sums = replaceRange(scope.sums, v1, [found.merged]).filter((v) => v !== v2);
      push(results, replaceScope(expression, scope, { ...scope, sums, body: found.body }));
    }
  scope.loops.forEach((v1, a) => {
    scope.loops.forEach((v2, b) => {
      // The order of the result's elements is that of its loops.
      if (a === b || (isRoot(expression, scope) && b !== a + 1)) return;
      const found = joined(v1, v2);
      if (!found) return;
      const loops = replaceRange(scope.loops, v1, [found.merged]).filter((v) => v !== v2);
      const merged: Scope = { ...scope, loops, body: found.body };
      const k = extentOf(v2);
      const result = replaceScope(expression, scope, merged, (index, ranges) => {
        // Outside of v2 lie zeros, and not the neighbours of v1.
        if (!readsWithin(index, scope, [b], (at) => bounds(at, ranges))) return null;
        if (index[a]!.divisor !== 1) return null;
        const outer = plus(index[a]!, affine([], v1.from), -1);
        const at = plus(plus(index[b]!, affine([], v2.from), -1), outer, k);
        return index.flatMap((old, axis) => (axis === a ? [at] : axis === b ? [] : [old]));
      });
      push(results, result);
    });
  });
  return results;
}

/**
 * Rule 2, two into two: for loops h and r that are read together as a · h + b · r with a = ±1, the loop t = a · h + b · r
 * takes the place of h. Readers at (h, r) read at (a · h + b · r, r) instead: another layout of the same elements.
 */
export function substituteVariables(expression: Expression): Expression[] {
  const scope = innermost(expression.scope);
  if (isRoot(expression, scope)) return [];
  const results: Expression[] = [];
  const tried = new Set<string>();
  for (const { index } of accessesOf(scope.body))
    for (const { terms } of index)
      for (const [h, a] of terms)
        for (const [r, b] of terms) {
          const name = `${h} ${a} ${r} ${b}`;
          const axis = scope.loops.findIndex((loop) => loop.name === h);
          const other = scope.loops.findIndex((loop) => loop.name === r);
          if (h === r || Math.abs(a) !== 1 || axis < 0 || other < 0 || tried.has(name)) continue;
          tried.add(name);
          push(results, substituted(expression, scope, axis, other, a, b));
        }
  return results;
}

function substituted(
  expression: Expression,
  scope: Scope,
  axis: number,
  other: number,
  a: number,
  b: number,
): Expression | null {
  const h = scope.loops[axis]!;
  const r = scope.loops[other]!;
  const sum = affine([
    [h.name, a],
    [r.name, b],
  ]);
  const [low, high] = bounds(
    sum,
    new Map([
      [h.name, h],
      [r.name, r],
    ]),
  );
  const t: Range = { name: freshName(scope, "t"), from: low, to: high + 1 };
  // h = a · (t − b · r), since a = ±1.
  const by = affine([
    [t.name, a],
    [r.name, -a * b],
  ]);
  const inner: Scope = {
    ...scope,
    loops: replaceRange(scope.loops, h, [t]),
    body: mapIndices(scope.body, (index) => substitute(index, h.name, by)),
  };
  return replaceScope(expression, scope, inner, (index, ranges) => {
    // Beyond the old loops there were zeros, which the new ones do not have.
    if (!readsWithin(index, scope, [axis, other], (at) => bounds(at, ranges))) return null;
    const at = plus(plus(affine([]), index[axis]!, a), index[other]!, b);
    return index.map((old, i) => (i === axis ? at : old));
  });
}
