// Putting another scope in the place of an inner one, with the reads of it changed accordingly.

import { type Affine, type Ranges, rangesOf } from "../affine.ts";
import {
  type Access,
  type Expression,
  type Input,
  mapAccesses,
  type Scope,
  variablesOf,
} from "../expression.ts";

/** What a read of the old scope becomes; null where the change does not work for this reader. */
export type Reindex = (index: readonly Affine[], ranges: Ranges) => readonly Affine[] | null;

/**
 * The expression with `from` replaced by `to`, and positions in it mapped by `reindex`; null when a reader cannot be
 * mapped. A root is replaced as it is: the caller sees to it that elements keep their order.
 */
export function replaceScope(
  { scope, shape }: Expression,
  from: Scope,
  to: Scope | Input,
  reindex: Reindex = (index) => index,
): Expression | null {
  if (scope === from) return to.kind === "scope" ? { scope: to, shape } : null;
  let fits = true;
  const done = new Map<Scope, Scope>();
  const visit = (within: Scope): Scope => {
    const known = done.get(within);
    if (known) return known;
    const ranges = rangesOf(variablesOf(within));
    const body = mapAccesses(within.body, (access): Access => {
      if (access.source.kind === "input") return access;
      if (access.source !== from) {
        const source = visit(access.source);
        return source === access.source ? access : { ...access, source };
      }
      const index = reindex(access.index, ranges);
      if (!index) fits = false;
      return { ...access, source: to, index: index ?? access.index };
    });
    const result = { ...within, body };
    done.set(within, result);
    return result;
  };
  const root = visit(scope);
  return fits ? { scope: root, shape } : null;
}

/** Whether every position that a reader takes lies within the loops of a scope. */
export function readsWithin(
  index: readonly Affine[],
  scope: Scope,
  axes: readonly number[],
  bounded: (at: Affine) => readonly [number, number],
): boolean {
  return axes.every((axis) => {
    const at = index[axis]!;
    const { from, to } = scope.loops[axis]!;
    const [low, high] = bounded(at);
    return at.divisor === 1 && low >= from && high < to;
  });
}

/** Whether a scope is the whole expression. */
export const isRoot = ({ scope }: Expression, inner: Scope): boolean => scope === inner;
