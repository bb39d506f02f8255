// What the inputs and outputs of a loop's body are. Transforms of a loop transform its body and give the new inputs
// and outputs (tangents, residuals, coefficients) the roles of those that they belong to.

import type { Abstract } from "../../ops/primitive.ts";
import { DTypeError, ShapeError, TreeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";

/** `const`: the same in every step; `carry`: from step to step; `slice`: one slice along axis 0 per step. */
export type Role = "const" | "carry" | "slice";

export const withRole = <T>(list: readonly T[], roles: readonly Role[], role: Role): T[] =>
  list.filter((_, i) => roles[i] === role);

/**
 * Which inputs and outputs have a property (a tangent, a batch axis) once it has gone round the loop: a carried value
 * has it if it has it at the start or comes out of the body with it.
 */
export function settle(
  inputs: readonly boolean[],
  inputRoles: readonly Role[],
  outputRoles: readonly Role[],
  body: (inputs: readonly boolean[], forced: readonly boolean[]) => readonly boolean[],
): { readonly inputs: readonly boolean[]; readonly forced: readonly boolean[] } {
  let current = inputs;
  for (;;) {
    const carried = withRole(current, inputRoles, "carry");
    let next = 0;
    const forced = outputRoles.map((role) => role === "carry" && carried[next++]!);
    const outputs = body(current, forced);
    const after = withRole(outputs, outputRoles, "carry");
    if (after.every((has, i) => has === carried[i])) return { inputs: current, forced };
    let place = 0;
    current = current.map((has, i) => (inputRoles[i] === "carry" ? after[place++]! || has : has));
  }
}

/** Throws unless two lists of tensors, at paths of trees, agree in structure, shapes and dtypes. */
export function checkSame(
  before: readonly Abstract[],
  beforePaths: readonly string[],
  after: readonly Abstract[],
  afterPaths: readonly string[],
  /** Says what must agree, such as "scan: the carry must stay the same: before and after the body". */
  rule: string,
): void {
  if (beforePaths.length !== afterPaths.length || beforePaths.some((path, i) => path !== afterPaths[i]))
    throw new TreeError(`${rule}: tensors at ${list(beforePaths)} against tensors at ${list(afterPaths)}`);
  before.forEach((x, i) => {
    const y = after[i]!;
    const where = beforePaths[i] ? ` (at ${beforePaths[i]})` : "";
    if (!sameShape(x.shape, y.shape))
      throw new ShapeError(`${rule}${where}: shape ${formatShape(x.shape)} against ${formatShape(y.shape)}`);
    if (x.dtype !== y.dtype)
      throw new DTypeError(`${rule}${where}: ${x.dtype} against ${y.dtype}; convert with astype()`);
  });
}

const list = (paths: readonly string[]): string =>
  paths.length === 0 ? "no place" : paths.map((path) => path || "the root").join(", ");
