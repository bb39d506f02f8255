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

type Colours = ReadonlyMap<Range, string>;

const classesOf = (colours: Colours): number => new Set(colours.values()).size;

/** Tells variables apart by the text of the expression in which they alone are marked, until that tells no more. */
function refine(scope: Scope, start: Colours): Colours {
  let colours = start;
  for (let classes = classesOf(colours); classes < colours.size; ) {
    const next = new Map<Range, string>();
    for (const [v, colour] of colours) {
      // Loops of the root have their places.
      const marked = new Map(colours).set(v, "*");
      next.set(v, scope.loops.includes(v) ? colour : `v${shortHash(colour + textOf(scope, true, marked))}`);
    }
    colours = next;
    const count = classesOf(next);
    if (count <= classes) break;
    classes = count;
  }
  return colours;
}

/** A variable that is not told apart from others: of those, the first of the least colour. */
function firstTied(colours: Colours): Range | null {
  const byColour = new Map<string, Range[]>();
  for (const [v, colour] of colours) byColour.set(colour, [...(byColour.get(colour) ?? []), v]);
  const tied = [...byColour].filter(([, list]) => list.length > 1).sort(([a], [b]) => (a < b ? -1 : 1));
  return tied[0]?.[1][0] ?? null;
}

/**
 * The canonical text of an expression, by colour refinement; of variables that stay alike (interchangeable, as a rule) one
 * is picked and the others are refined again. Should they not be interchangeable, two equal expressions may get two
 * texts, and nothing worse. O(v² · size) for v variables that differ.
 */
export function fingerprint({ scope, shape }: Expression): string {
  const variables = allVariables(scope);
  let colours: Colours = new Map(
    variables.map((v) => [v, scope.loops.includes(v) ? `p${scope.loops.indexOf(v)}` : `v${extentOf(v)}`]),
  );
  for (;;) {
    colours = refine(scope, colours);
    const picked = firstTied(colours);
    if (!picked) break;
    colours = new Map(colours).set(picked, `${colours.get(picked)}!`);
  }
  const order = [...colours].sort(([, a], [, b]) => (a < b ? -1 : 1));
  const names = new Map(order.map(([v], i) => [v, `x${String(i).padStart(3, "0")}`]));
  return `${shape.join("x")}:${textOf(scope, true, names)}`;
}
