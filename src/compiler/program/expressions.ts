// Values that need not be in memory: element-wise expressions over places, all of one shape.

import type { DType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Expressions are shared, not copied: the same object is computed once per element. */
export type Expression =
  | { readonly kind: "load"; readonly place: Tensor; readonly dtype: DType }
  | { readonly kind: "constant"; readonly value: number; readonly dtype: DType }
  | {
      readonly kind: "apply";
      readonly kernel: string;
      readonly args: readonly Expression[];
      readonly dtype: DType;
    };

/** Every node once, operands first. */
export function nodesOf(roots: readonly Expression[]): Expression[] {
  const seen = new Set<Expression>();
  const visit = (node: Expression): void => {
    if (seen.has(node)) return;
    if (node.kind === "apply") node.args.forEach(visit);
    seen.add(node);
  };
  roots.forEach(visit);
  return [...seen];
}

export const loadsOf = (roots: readonly Expression[]): Tensor[] =>
  nodesOf(roots).flatMap((node) => (node.kind === "load" ? [node.place] : []));

/** The expression with other leaves; null as soon as one leaf has none. */
export function mapLoads(
  root: Expression,
  f: (load: Extract<Expression, { kind: "load" }>) => Expression | null,
): Expression | null {
  const known = new Map<Expression, Expression | null>();
  const visit = (node: Expression): Expression | null => {
    const found = known.get(node);
    if (found !== undefined) return found;
    let result: Expression | null = node;
    if (node.kind === "load") result = f(node);
    else if (node.kind === "apply") {
      const args = node.args.map(visit);
      result = args.includes(null)
        ? null
        : args.every((arg, i) => arg === node.args[i])
          ? node
          : { ...node, args: args as Expression[] };
    }
    known.set(node, result);
    return result;
  };
  return visit(root);
}
