// One text for all expressions that differ in the names of variables, in the order of sums and of the loops of inner
// scopes, in where ranges begin, and in the order of operands that commute. Equal texts mean equal expressions.

import { type Affine, affine, extentOf, formatAffine, type Range, shiftedQuotient } from "./affine.ts";
import { type Body, type Expression, type Scope, variablesOf } from "./expression.ts";
import { OPERATIONS } from "./operations.ts";

/** FNV-1a. */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Short names for long texts, which may collide: two hashes together. */
export const shortHash = (text: string): string =>
  hashText(text).toString(36) + hashText(text, 0x9747b28c).toString(36);

type Names = ReadonlyMap<Range, string>;

/** With sums and inner loops that begin at 0, which changes nothing but the notation. */
function fromZero(affineIndex: Affine, variables: readonly Range[]): Affine {
  let { constant } = affineIndex;
  for (const { name, from } of variables) constant += (affineIndex.terms.get(name) ?? 0) * from;
  return constant === affineIndex.constant
    ? affineIndex
    : affine(affineIndex.terms, constant, affineIndex.divisor);
}

/** Text of a scope whose variables are called by `names`; order of variables and commuting operands is by text. */
function textOf(scope: Scope, isRoot: boolean, names: Names): string {
  const variables = variablesOf(scope);
  const byName = new Map(variables.map((v) => [v.name, names.get(v)!]));
  const indexText = (index: Affine): string =>
    formatAffine(fromZero(index, variables), (name) => byName.get(name)!);
  const bodyText = (body: Body): string => {
    if (body.kind === "constant") return String(body.value);
    if (body.kind === "apply") {
      const args = body.args.map(bodyText);
      if (OPERATIONS[body.operation].isCommutative) args.sort();
      return `${body.operation}(${args.join(",")})`;
    }
    const { source, index } = body;
    if (source.kind === "input") return `${source.name}[${index.map(indexText).join(",")}]`;
    const positions = source.loops.map((loop, axis) => {
      const at = index[axis]!;
      return `${names.get(loop)}=${indexText(shiftedQuotient(at, loop.from))}`;
    });
    return `{${textOf(source, false, names)}}[${positions.sort().join(",")}]`;
  };
  const rangeText = (v: Range): string => `${names.get(v)}<${extentOf(v)}`;
  const loops = scope.loops.map(rangeText);
  if (!isRoot) loops.sort();
  const sums = scope.sums.map(rangeText).sort();
  return `${scope.isLayout ? "#" : ""}L${loops.join(",")};S${sums.join(",")};${bodyText(scope.body)}`;
}

/** Variables of a scope and of all that it reads. */
function allVariables(scope: Scope, found: Range[] = []): Range[] {
  found.push(...variablesOf(scope));
  const visit = (body: Body): void => {
    if (body.kind === "apply") body.args.forEach(visit);
    if (body.kind === "access" && body.source.kind === "scope") allVariables(body.source, found);
  };
  visit(scope.body);
  return found;
}

/**
 * The canonical text of an expression. Variables are told apart by the text of the expression in which they alone are
 * marked, repeatedly (colour refinement); those that stay alike are interchangeable in practice, and where they are not
 * the worst that happens is that two equal expressions get two texts. O(v² · size) for v variables.
 */
export function fingerprint({ scope, shape }: Expression): string {
  const variables = allVariables(scope);
  const position = new Map(scope.loops.map((loop, i) => [loop, i]));
  let colours = new Map(
    variables.map((v) => [v, position.has(v) ? `p${position.get(v)}` : `v${extentOf(v)}`]),
  );
  let classes = new Set(colours.values()).size;
  for (let round = 0; round < variables.length; round++) {
    const next = new Map<Range, string>();
    for (const v of variables) {
      const colour = colours.get(v)!;
      if (position.has(v)) {
        next.set(v, colour);
        continue;
      }
      const marked = new Map(colours).set(v, "*");
      next.set(v, `v${shortHash(colour + textOf(scope, true, marked))}`);
    }
    const count = new Set(next.values()).size;
    colours = next;
    if (count <= classes && round > 0) break;
    classes = count;
  }
  // Those that are alike get numbers in the order in which they come.
  const order = variables.map((v, i) => ({ v, i, colour: colours.get(v)! }));
  order.sort((a, b) => (a.colour < b.colour ? -1 : a.colour > b.colour ? 1 : a.i - b.i));
  const names = new Map(order.map(({ v }, i) => [v, `x${String(i).padStart(3, "0")}`]));
  return `${shape.join("x")}:${textOf(scope, true, names)}`;
}
