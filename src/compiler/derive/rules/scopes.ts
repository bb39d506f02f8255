// Rules 3 and 4: an inner scope for some of the sums, and inner scopes merged into what reads them.

import { type Affine, bounds, type Range, rangesOf, substitute, variable } from "../affine.ts";
import {
  type Body,
  type Expression,
  innermost,
  mapAccesses,
  mapIndices,
  type Scope,
  variablesOf,
} from "../expression.ts";
import { replaceScope } from "./replace.ts";

/**
 * Rule 3: Σ_{a,b} f = Σ_a (L_{x,a} Σ_b f)[x, a] for all ways to leave some of the sums outside and take some inside.
 */
export function splitScopes(expression: Expression): Expression[] {
  const scope = innermost(expression.scope);
  const { loops, sums, body } = scope;
  const results: Expression[] = [];
  for (let subset = 1; subset < 2 ** sums.length - 1; subset++) {
    const outer = sums.filter((_, i) => subset & (1 << i));
    const inner: Scope = {
      kind: "scope",
      loops: [...loops, ...outer].map((v) => ({ ...v })),
      sums: sums.filter((v) => !outer.includes(v)),
      body,
    };
    const result = replaceScope(expression, scope, {
      ...scope,
      sums: outer,
      body: { kind: "access", source: inner, index: inner.loops.map(({ name }) => variable(name)) },
    });
    if (result) results.push(result);
  }
  return results;
}

/** Replaces all variables of a body at once, by indices of the scope that reads it. */
function substituteAll(body: Body, loops: readonly Range[], index: readonly Affine[]): Body {
  // First to names that nothing has, so that no replacement is replaced again.
  const hidden = loops.map((_, i) => ` ${i}`);
  return mapIndices(body, (at) => {
    let result = at;
    loops.forEach(({ name }, i) => {
      result = substitute(result, name, variable(hidden[i]!));
    });
    index.forEach((by, i) => {
      result = substitute(result, hidden[i]!, by);
    });
    return result;
  });
}

/**
 * Rule 4: a scope without sums that is read within its loops is put in the place of its readers. Layouts that were made
 * on purpose stay. The innermost that can be merged is merged.
 */
export function mergeScopes(expression: Expression): Expression[] {
  const merge = (scope: Scope): Scope | null => {
    const ranges = rangesOf(variablesOf(scope));
    let found = false;
    const body = mapAccesses(scope.body, (access) => {
      const { source, index } = access;
      if (found || source.kind === "input") return access;
      const deeper = merge(source);
      if (deeper) {
        found = true;
        return { ...access, source: deeper };
      }
      if (source.sums.length > 0 || source.isLayout) return access;
      const isInside = index.every((at, axis) => {
        const { from, to } = source.loops[axis]!;
        const [low, high] = bounds(at, ranges);
        return at.divisor === 1 && low >= from && high < to;
      });
      if (!isInside) return access;
      found = true;
      return substituteAll(source.body, source.loops, index);
    });
    return found ? { ...scope, body } : null;
  };
  const scope = merge(expression.scope);
  return scope ? [{ ...expression, scope }] : [];
}
