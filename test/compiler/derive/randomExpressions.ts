// Random expressions over small tensors, and integers for them.

import fc from "fast-check";
import { type Tensor, tensor } from "polyadic";
import {
  type Access,
  type Affine,
  apply,
  type Body,
  type Expression,
  expression,
  type Input,
  input,
  type Operation,
  type Range,
  read,
} from "polyadic/compiler";

export interface Sample {
  readonly expression: Expression;
  readonly operands: Readonly<Record<string, Tensor>>;
}

const ranges = (prefix: string, most: number, extents: readonly number[]): fc.Arbitrary<Range[]> =>
  fc
    .array(fc.tuple(fc.integer({ min: -2, max: 2 }), fc.constantFrom(...extents)), {
      minLength: prefix === "x" ? 1 : 0,
      maxLength: most,
    })
    .map((list) => list.map(([from, extent], i) => ({ name: `${prefix}${i}`, from, to: from + extent })));

/** An index that reads one or two of the variables, at times with zeros between the elements. */
const indexOf = (variables: readonly Range[]): fc.Arbitrary<Affine> =>
  fc
    .record({
      constant: fc.integer({ min: -2, max: 2 }),
      terms: fc.array(
        fc.tuple(
          fc.constantFrom(...variables.map(({ name }) => name)),
          fc.constantFrom(1, 1, 1, -1, 2, 3, 4),
        ),
        { minLength: 1, maxLength: 3 },
      ),
      divisor: fc.constantFrom(1, 1, 1, 2, 3),
    })
    .map(({ constant, terms, divisor }) => ({ constant, terms: new Map(terms), divisor }));

const accessOf = (tensors: readonly Input[], variables: readonly Range[]): fc.Arbitrary<Access> =>
  fc
    .constantFrom(...tensors)
    .chain((of) => fc.tuple(...of.shape.map(() => indexOf(variables))).map((index) => read(of, ...index)));

const TENSORS = [input("A", [5, 4]), input("B", [4, 3, 2]), input("C", [7])];

const bodyOf = (variables: readonly Range[]): fc.Arbitrary<Body> => {
  const access = accessOf(TENSORS, variables);
  const binary = (operations: readonly Operation[]): fc.Arbitrary<Body> =>
    fc.tuple(fc.constantFrom(...operations), access, access).map(([name, a, b]) => apply(name, a, b));
  return fc.oneof(
    { weight: 4, arbitrary: binary(["mul"]) },
    { weight: 1, arbitrary: binary(["add", "sub", "max"]) },
    { weight: 1, arbitrary: access },
    {
      weight: 1,
      arbitrary: fc.tuple(binary(["mul"]), access).map(([a, b]) => apply("add", a, apply("neg", b))),
    },
  );
};

const FAR = 100;

export const sample: fc.Arbitrary<Sample> = fc
  .tuple(ranges("x", 3, [1, 2, 3, 4, 8]), ranges("y", 3, [2, 3, 4, 5, 6]), fc.integer({ min: 1, max: 999 }))
  .chain(([loops, sums, seed]) =>
    bodyOf([...loops, ...sums]).map((body) => ({
      expression: expression({
        loops,
        sums,
        body,
        pads: Object.fromEntries(TENSORS.map(({ name, shape }) => [name, shape.map(() => FAR)])),
      }),
      operands: operandsOf(TENSORS, seed),
    })),
  );

/** Integers between -4 and 4. */
export function operandsOf(inputs: readonly Input[], seed: number): Record<string, Tensor> {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 20) % 9) - 4;
  };
  return Object.fromEntries(
    inputs.map(({ name, shape }) => [
      name,
      tensor(Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next), { shape }),
    ]),
  );
}
