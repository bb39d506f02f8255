// Rule 7: a tensor in another layout, made by a scope of its own.

import { type Affine, divide, type Range, rangesOf, variable } from "../affine.ts";
import {
  type Access,
  accessesOf,
  axisRange,
  type Expression,
  type Input,
  innermost,
  mapAccesses,
  type Scope,
  variablesOf,
} from "../expression.ts";
import { replaceScope } from "./replace.ts";

/** The tensor T'[.., i, j, ..] = T[.., k · i + j, ..]. */
export function dividedAxis(source: Input, axis: number, k: number): Scope {
  const loops: Range[] = [];
  const index: Affine[] = [];
  source.shape.forEach((length, i) => {
    if (i !== axis) {
      loops.push({ name: `a${i}`, from: 0, to: length });
      index.push(variable(`a${i}`));
      return;
    }
    loops.push({ name: "q", from: 0, to: Math.ceil(length / k) }, { name: "p", from: 0, to: k });
    index.push({
      constant: 0,
      divisor: 1,
      terms: new Map([
        ["q", k],
        ["p", 1],
      ]),
    });
  });
  return { kind: "scope", loops, sums: [], body: { kind: "access", source, index }, isLayout: true };
}

/** The read of a tensor at k · e1 + e2 as one of its divided copy at (e1, e2); null where it is no such read. */
export function dividedAccess(access: Access, axis: number, k: number, scope: Scope): Access | null {
  const { source, index } = access;
  if (source.kind !== "input") return null;
  const parts = divide(index[axis]!, k, rangesOf(variablesOf(scope)));
  if (!parts || parts.quotient.terms.size === 0 || parts.rest.terms.size === 0) return null;
  return {
    kind: "access",
    source: dividedAxis(source, axis, k),
    index: [...index.slice(0, axis), parts.quotient, parts.rest, ...index.slice(axis + 1)],
  };
}

/** Rule 7: an axis that is read at k · e1 + e2, 0 ≤ e2 < k, becomes two in a copy of the tensor. */
export function transformLayouts(expression: Expression): Expression[] {
  const scope = innermost(expression.scope);
  if (scope.isLayout) return [];
  const results: Expression[] = [];
  for (const access of accessesOf(scope.body)) {
    if (access.source.kind !== "input") continue;
    for (const [axis, at] of access.index.entries())
      for (const k of new Set(
        [...at.terms.values()].filter((c) => c > 1 && c <= axisRange(access.source, axis).to),
      )) {
        const divided = dividedAccess(access, axis, k, scope);
        if (!divided) continue;
        const body = mapAccesses(scope.body, (other) => (other === access ? divided : other));
        const result = replaceScope(expression, scope, { ...scope, body });
        if (result) results.push(result);
      }
  }
  return results;
}
