// Rules with a fixed number of nodes: the same work whatever the integrand, so that jit, vmap and scan can follow it.

import { stack } from "../ops/join.ts";
import {
  clenshawCurtis,
  gaussLegendre,
  gaussLobatto,
  type QuadratureRule,
} from "../special/polynomials/quadrature.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { checkCount } from "./adapt.ts";
import { type Integrand, limit, weighted } from "./integrand.ts";

export type FixedRule = "gaussLegendre" | "clenshawCurtis" | "gaussLobatto";

const RULES: Readonly<Record<FixedRule, (n: number) => QuadratureRule>> = {
  gaussLegendre,
  clenshawCurtis,
  gaussLobatto,
};

export interface FixedOptions {
  /** Number of nodes; 20 unless told. */
  readonly n?: number;
  /** "gaussLegendre" unless told. */
  readonly rule?: FixedRule;
}

function ruleOf(name: string, { n = 20, rule = "gaussLegendre" }: FixedOptions): QuadratureRule {
  checkCount(name, "n", n);
  const make = RULES[rule];
  if (!make)
    throw new DomainError(
      `${name}: rule: one of ${Object.keys(RULES).join(", ")} was expected, got ${String(rule)}`,
    );
  return make(n);
}

/** A rule on [-1, 1] moved to [a, b]. */
function moved({ nodes, weights }: QuadratureRule, a: Tensor, b: Tensor): QuadratureRule {
  const half = b.sub(a).div(2);
  return { nodes: a.add(b).div(2).add(half.mul(nodes)), weights: half.mul(weights) };
}

/**
 * The integral of f from a to b by a rule of n nodes: `[…]` for values `[n, …]`. Goes through jit, vmap, grad and jet, in the limits too.
 * One call of f. Throws DomainError for an unknown rule or a bad n, ShapeError when f does not return a value for every point.
 */
export function fixedQuad(f: Integrand, a: TensorLike, b: TensorLike, options: FixedOptions = {}): Tensor {
  const name = "fixedQuad";
  const { nodes, weights } = moved(ruleOf(name, options), limit(name, "a", a), limit(name, "b", b));
  return weighted(name, f, nodes, weights).sum({ axis: 0 });
}

/**
 * The integral of f over a box `[[a₁, b₁], …, [a_d, b_d]]` by the product of d rules of n nodes each: one call of f with points
 * `[n^d, d]`. Like `fixedQuad` otherwise; throws ShapeError for a box without sides.
 */
export function productQuad(
  f: Integrand,
  box: readonly (readonly [TensorLike, TensorLike])[],
  options: FixedOptions = {},
): Tensor {
  const name = "productQuad";
  const d = box.length;
  if (d === 0) throw new ShapeError(`${name}: box: at least 1 side was expected, got none`);
  const rule = ruleOf(name, options);
  const n = rule.nodes.size;
  const sides = box.map(([a, b], k) =>
    moved(rule, limit(name, `side ${k}: a`, a), limit(name, `side ${k}: b`, b)),
  );
  const along = (x: Tensor, k: number): Tensor =>
    x
      .reshape([...new Array<number>(k).fill(1), n, ...new Array<number>(d - k - 1).fill(1)])
      .broadcastTo(new Array<number>(d).fill(n))
      .reshape([n ** d]);
  const points = stack(
    sides.map(({ nodes }, k) => along(nodes, k)),
    1,
  );
  const weights = sides.map(({ weights: w }, k) => along(w, k)).reduce((x, y) => x.mul(y));
  return weighted(name, f, points, weights).sum({ axis: 0 });
}
