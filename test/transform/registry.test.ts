// Walks the registry: every rule of every primitive, for every dtype that it declares, against numbers.
import "polyadic/fft";
import "polyadic/interpolate";
import "polyadic/linalg";
import "polyadic/optim";
import "polyadic/random";
import "polyadic/sparse";
import "polyadic/special";
import "polyadic/transform";
import "polyadic/transport";
import type { DType } from "polyadic";
import { primitives } from "polyadic/ops";
import { describe, expect, test } from "vitest";
import type { Primitive } from "../../src/ops/primitive.ts";
import { TRANSFORMS } from "../fft/examples.ts";
import { INTERPOLATION } from "../interpolate/examples.ts";
import { FACTORIZATIONS } from "../linalg/examples.ts";
import { GENERAL, WITHOUT_DERIVATIVE } from "../linalg/generalExamples.ts";
import { DRAWS } from "../random/examples.ts";
import { SPARSE } from "../sparse/examples.ts";
import { SPECIAL } from "../special/examples.ts";
import { TRANSPORT } from "../transport/examples.ts";
import {
  checkBatch,
  checkCompiled,
  checkJet,
  checkJvp,
  checkTranspose,
  hasDerivative,
  type Subject,
} from "./checks.ts";
import { OPERATIONS } from "./examples.ts";
import { checkNesting } from "./nesting.ts";
import type { Example } from "./operands.ts";

/** Primitives whose parameters are functions or graphs: their rules have tests of their own. */
const COMPOUND: readonly string[] = [
  "call",
  "cond",
  "customJvp",
  "customPullback",
  "customVjp",
  "linearSolve",
  "scan",
  "while",
];

const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  ...OPERATIONS,
  ...TRANSFORMS,
  ...FACTORIZATIONS,
  ...SPARSE,
  ...SPECIAL,
  ...GENERAL,
  ...DRAWS,
  ...INTERPOLATION,
  ...TRANSPORT,
};

const all = [...primitives.values()] as unknown as Primitive<unknown>[];

function subjects(primitive: Primitive<unknown>, dtypes: readonly DType[]): Subject[] {
  return dtypes.flatMap((dtype) =>
    EXAMPLES[primitive.name]!.filter(({ suits }) => suits?.(dtype) ?? true).map((example) => ({
      primitive,
      example,
      dtype,
    })),
  );
}

// Primitives of functions are tested in functional/, against closed forms.
describe.each(all.filter(({ name, functional }) => !functional && !COMPOUND.includes(name)))(
  "$name",
  (primitive) => {
    const { name, dtypes } = primitive;
    const examples = EXAMPLES[name] ?? [];
    test("has examples", () => {
      for (const dtype of dtypes)
        expect(
          examples.some(({ suits }) => suits?.(dtype) ?? true),
          `add operands of dtype ${dtype} for the primitive "${name}" to OPERATIONS in test/transform/examples.ts, or to the examples of its folder`,
        ).toBe(true);
      expect(
        examples.some(({ linear }) => linear !== undefined),
        `"${name}" ${primitive.transpose ? "has a transpose: say in its examples" : "has no transpose, but its examples say"} in which operands it is linear`,
      ).toBe(primitive.transpose !== undefined);
    });
    if (examples.length === 0) return;
    const fractional = subjects(primitive, dtypes.filter(hasDerivative));
    const hasRun = (check: (subject: Subject) => void, list: readonly Subject[]): void => {
      for (const subject of list) check(subject);
    };
    test("batch", () => hasRun(checkBatch, subjects(primitive, dtypes)));
    test("compiled", () => hasRun(checkCompiled, subjects(primitive, dtypes)));
    if (fractional.length === 0) return;
    if (WITHOUT_DERIVATIVE.includes(name)) {
      test("refuses to be differentiated", () => {
        for (const subject of fractional) expect(() => checkJvp(subject)).toThrow("has no derivative");
      });
      return;
    }
    test("jvp", () => hasRun(checkJvp, fractional));
    if (primitive.transpose) test("transpose", () => hasRun(checkTranspose, fractional));
    test("jet", () => hasRun(checkJet, fractional));
    test("nested", () => hasRun(checkNesting, fractional));
  },
);

test("what is left to tests of its own is there", () => {
  for (const name of COMPOUND) expect(primitives.has(name), name).toBe(true);
});
