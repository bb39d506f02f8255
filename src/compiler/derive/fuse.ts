// Expressions that differ in one tensor as a single one: matrix products that share an input, above all.

import { DomainError } from "../../tensor/errors.ts";
import { affine, formatAffine, plus, type Range, variable } from "./affine.ts";
import {
  type Access,
  apply,
  type Body,
  type Expression,
  freshName,
  type Input,
  type Scope,
} from "./expression.ts";

/**
 * One expression for several that are the same but for the tensors that they read; its first axis counts them. Tensors
 * that differ are put together in a copy with an axis in front. Throws DomainError when the expressions differ in more
 * than that.
 */
export function fuseExpressions(expressions: readonly Expression[]): Expression {
  const [first] = expressions;
  if (!first || expressions.length < 2)
    throw new DomainError(`fuseExpressions: at least 2 expressions were expected, got ${expressions.length}`);
  const { scope } = first;
  for (const { scope: other } of expressions)
    if (rangesText(other) !== rangesText(scope))
      throw new DomainError(
        `fuseExpressions: the variables ${rangesText(scope)} were expected, got ${rangesText(other)}`,
      );
  const which: Range = { name: freshName(scope, "g"), from: 0, to: expressions.length };
  const body = fuseBodies(
    expressions.map((e) => e.scope.body),
    which,
  );
  return {
    scope: { ...scope, loops: [which, ...scope.loops], body },
    shape: [expressions.length, ...first.shape],
  };
}

const rangesText = ({ loops, sums }: Scope): string =>
  [loops, sums]
    .map((list) => list.map(({ name, from, to }) => `${name}:${from}..${to}`).join(", "))
    .join("; ");

function fuseBodies(bodies: readonly Body[], which: Range): Body {
  const first = bodies[0]!;
  const differ = (): never => {
    throw new DomainError("fuseExpressions: the bodies differ in more than the tensors that they read");
  };
  if (first.kind === "constant")
    return bodies.every((body) => body.kind === "constant" && body.value === first.value) ? first : differ();
  if (first.kind === "apply") {
    const same = bodies.flatMap((body) =>
      body.kind === "apply" && body.operation === first.operation ? [body] : [],
    );
    if (same.length < bodies.length) return differ();
    return {
      ...first,
      args: first.args.map((_, i) =>
        fuseBodies(
          same.map(({ args }) => args[i]!),
          which,
        ),
      ),
    };
  }
  const positions = first.index.map((at) => formatAffine(at)).join();
  const sources = bodies.flatMap((body) =>
    body.kind === "access" &&
    body.source.kind === "input" &&
    body.index.map((at) => formatAffine(at)).join() === positions
      ? [body.source]
      : [],
  );
  if (sources.length < bodies.length) return differ();
  if (sources.every(({ name }) => name === sources[0]!.name)) return first;
  const shape = sources[0]!.shape;
  if (shape.length === 0 || sources.some((source) => source.shape.join() !== shape.join())) return differ();
  return {
    kind: "access",
    source: stacked(sources),
    index: [variable(which.name), ...first.index],
  };
}

/** T[g, i, …] = T_g[i, …]: the sum of all tensors, each zero but for its own g. */
function stacked(sources: readonly Input[]): Scope {
  const { shape } = sources[0]!;
  const loops: Range[] = [
    { name: "g", from: 0, to: sources.length },
    ...shape.map((to, i) => ({ name: `a${i}`, from: 0, to })),
  ];
  const reads = sources.map((source, which): Access => {
    // Along its first axis, every other g lies outside.
    const far = affine([["g", shape[0]!]], -which * shape[0]!);
    return {
      kind: "access",
      source,
      index: shape.map((_, i) => (i === 0 ? plus(variable("a0"), far) : variable(`a${i}`))),
    };
  });
  const body = reads.slice(1).reduce<Body>((sum, term) => apply("add", sum, term), reads[0]!);
  return { kind: "scope", loops, sums: [], body, isLayout: true };
}
