// Scopes as operations on tensors: each read becomes a slice, padded and moved into the order of the variables; variables
// that stand together in an index are unrolled into several slices.

import { bindOne } from "../../ops/bind.ts";
import { concat } from "../../ops/join.ts";
import { broadcastTo, reshape, transpose } from "../../ops/movement.ts";
import { padP, sliceP } from "../../ops/moves.ts";
import { asTensor } from "../../ops/operands.ts";
import { sum } from "../../ops/reduce.ts";
import { zerosLike } from "../../ops/rules.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Affine, affine, extentOf, hits, type Range, substitute } from "./affine.ts";
import { type Access, accessesOf, type Body, factorsOf, type Scope, variablesOf } from "./expression.ts";
import { OPERATIONS } from "./operations.ts";

/** Finds a tensor by its name. */
export type Lookup = (name: string) => Tensor;

/** More slices than this are not worth a program. */
const MOST_SLICES = 4096;

/** Whether slices can express all reads once some variables are fixed. */
function isSliceable(accesses: readonly Access[], fixed: ReadonlySet<string>): boolean {
  return accesses.every(({ index }) => {
    const seen = new Set<string>();
    return index.every(({ terms }) => {
      const free = [...terms.keys()].filter((name) => !fixed.has(name));
      if (free.length > 1) return false;
      return free.every((name) => !seen.has(name) && seen.add(name));
    });
  });
}

/** The variables to unroll: those with the fewest values together that make all reads slices. O(2^v). */
export function unrolledVariables(scope: Scope): Range[] {
  const accesses = accessesOf(scope.body);
  const crowded = new Set<string>();
  for (const { index } of accesses)
    for (const [axis, { terms }] of index.entries())
      for (const name of terms.keys())
        if (terms.size > 1 || index.some((at, i) => i !== axis && at.terms.has(name))) crowded.add(name);
  const choice = variablesOf(scope).filter(({ name }) => crowded.has(name));
  let best: Range[] = choice;
  const count = (list: readonly Range[]): number => list.reduce((n, v) => n * extentOf(v), 1);
  for (let subset = 0; subset < 2 ** choice.length; subset++) {
    const picked = choice.filter((_, i) => subset & (1 << i));
    if (count(picked) < count(best) && isSliceable(accesses, new Set(picked.map(({ name }) => name))))
      best = picked;
  }
  return best;
}

/** Slices that `lowerScope` takes of each tensor. */
export const sliceCount = (scope: Scope): number =>
  unrolledVariables(scope).reduce((n, v) => n * extentOf(v), 1);

/** A tensor with one axis per variable, of length 1 for those that are fixed; null where it is all zeros. */
function view(
  tensor: Tensor,
  access: Access,
  variables: readonly Range[],
  fixed: ReadonlyMap<string, number>,
): Tensor | null {
  const starts: number[] = [];
  const steps: number[] = [];
  const lengths: number[] = [];
  const before: number[] = [];
  const after: number[] = [];
  const interior: number[] = [];
  const names: (string | null)[] = [];
  for (const [axis, given] of access.index.entries()) {
    let at: Affine = given;
    for (const name of given.terms.keys())
      if (fixed.has(name)) at = substitute(at, name, affine([], fixed.get(name)!));
    const [name, c] = [...at.terms][0] ?? [null, 1];
    const v = variables.find((other) => other.name === name) ?? { from: 0, to: 1 };
    // An index without variables is one of a variable with the single value 0.
    const found = hits(c, at.constant, at.divisor, v, tensor.shape[axis]!);
    if (found.count === 0) return null;
    starts.push(found.at);
    steps.push(found.count === 1 ? 1 : found.stride);
    lengths.push(found.count);
    before.push(found.first - v.from);
    interior.push(found.count === 1 ? 0 : found.step - 1);
    const reached = found.count === 1 ? found.first : found.first + (found.count - 1) * found.step;
    after.push(v.to - 1 - reached);
    names.push(name);
  }
  let result = tensor;
  if (starts.some((start, i) => start !== 0 || steps[i] !== 1 || lengths[i] !== tensor.shape[i]))
    result = bindOne(sliceP, [result], { starts, steps, lengths });
  if ([...before, ...after, ...interior].some((n) => n > 0))
    result = bindOne(padP, [result, zerosLike({ shape: [], dtype: tensor.dtype })], {
      before,
      after,
      interior,
    });
  const present = variables.filter(({ name }) => names.includes(name));
  const single = names.flatMap((name, axis) => (name === null ? [axis] : []));
  const moved = transpose(result, [...present.map(({ name }) => names.indexOf(name)), ...single]);
  return reshape(
    moved,
    variables.map((v) => (names.includes(v.name) ? extentOf(v) : 1)),
  );
}

/**
 * The elements of a scope that reads given tensors, with an axis for every loop. Throws DomainError when it would take
 * more than 4096 slices.
 */
export function lowerScope(scope: Scope): (lookup: Lookup) => Tensor {
  const { loops, sums } = scope;
  const variables = variablesOf(scope);
  const unrolled = unrolledVariables(scope);
  const slices = unrolled.reduce((n, v) => n * extentOf(v), 1);
  if (slices > MOST_SLICES)
    throw new DomainError(`derive: at most ${MOST_SLICES} slices were expected, ${slices} are needed`);
  const factors = new Set(factorsOf(scope.body));
  const isUnrolled = (v: Range): boolean => unrolled.includes(v);
  // Outer loops first, so that what is joined along them is joined once.
  const order = [...loops.filter(isUnrolled), ...sums.filter(isUnrolled)];
  const axes = sums.flatMap((v, i) => (isUnrolled(v) ? [] : [loops.length + i]));

  /** With all unrolled variables fixed; null for zero. */
  const leaf = (lookup: Lookup, fixed: ReadonlyMap<string, number>): Tensor | null => {
    const views = new Map<Access, Tensor | null>();
    for (const access of accessesOf(scope.body)) {
      const tensor = lookup((access.source as { name: string }).name);
      const found = view(tensor, access, variables, fixed);
      if (!found && factors.has(access)) return null;
      views.set(access, found);
    }
    const build = (body: Body): Tensor => {
      if (body.kind === "constant") return asTensor(body.value);
      if (body.kind === "access") return views.get(body) ?? asTensor(0);
      const [a, b] = body.args.map(build);
      return OPERATIONS[body.operation].onTensors(a!, b!);
    };
    const lengths = variables.map((v) => (isUnrolled(v) ? 1 : extentOf(v)));
    const value = broadcastTo(build(scope.body), lengths);
    const reduced = axes.length > 0 ? sum(value, { axis: axes }) : value;
    // Unrolled sums still have an axis of length 1.
    return reshape(reduced, lengths.slice(0, loops.length));
  };
  const build = (lookup: Lookup, depth: number, fixed: Map<string, number>): Tensor | null => {
    const v = order[depth];
    if (!v) return leaf(lookup, fixed);
    const parts: (Tensor | null)[] = [];
    for (let value = v.from; value < v.to; value++)
      parts.push(build(lookup, depth + 1, new Map(fixed).set(v.name, value)));
    const known = parts.filter((part) => part !== null);
    if (known.length === 0) return null;
    if (sums.includes(v)) return known.reduce((a, b) => a.add(b));
    return concat(
      parts.map((part) => part ?? zerosLike(known[0]!)),
      loops.indexOf(v),
    );
  };
  return (lookup) => {
    const value = build(lookup, 0, new Map());
    if (value) return value;
    const { source } = accessesOf(scope.body)[0]!;
    return zerosLike({ shape: loops.map(extentOf), dtype: lookup((source as { name: string }).name).dtype });
  };
}
