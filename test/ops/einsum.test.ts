// einsum against loops, and the order of contraction that it takes.
import fc from "fast-check";
import { add, complexFrom, einsum, einsumPath, ones, type Tensor, tensor } from "polyadic";
import { DTypeError, ShapeError } from "polyadic/tensor";
import { describe, expect, test } from "vitest";
import { make, makeComplex, makeInt } from "./reference.ts";

/** Sums over all labels by nested loops. */
function naive(
  operands: readonly (readonly string[])[],
  output: readonly string[],
  tensors: readonly Tensor[],
): Map<string, number> {
  const lengths = new Map<string, number>();
  operands.forEach((labels, i) => {
    labels.forEach((label, axis) => {
      lengths.set(label, Math.max(lengths.get(label) ?? 1, tensors[i]!.shape[axis]!));
    });
  });
  const names = [...lengths.keys()];
  const data = tensors.map((x) => x.contiguous().data());
  const sums = new Map<string, number>();
  const at = new Map<string, number>();
  const visit = (depth: number): void => {
    if (depth < names.length) {
      for (let i = 0; i < lengths.get(names[depth]!)!; i++) {
        at.set(names[depth]!, i);
        visit(depth + 1);
      }
      return;
    }
    let term = 1;
    operands.forEach((labels, i) => {
      const { shape } = tensors[i]!;
      term *=
        data[i]![
          labels.reduce(
            (place, label, axis) => place * shape[axis]! + (shape[axis] === 1 ? 0 : at.get(label)!),
            0,
          )
        ]!;
    });
    const place = output.map((label) => at.get(label)!).join();
    sums.set(place, (sums.get(place) ?? 0) + term);
  };
  visit(0);
  return sums;
}

interface Case {
  readonly operands: string[][];
  readonly output: string[];
  readonly lengths: Record<string, number>;
  readonly stretched: boolean[];
}

const LABELS = ["i", "j", "k", "l", "A"];
const networks: fc.Arbitrary<Case> = fc
  .record({
    operands: fc.array(fc.array(fc.constantFrom(...LABELS), { maxLength: 4 }), {
      minLength: 1,
      maxLength: 5,
    }),
    lengths: fc.record(Object.fromEntries(LABELS.map((label) => [label, fc.integer({ min: 1, max: 3 })]))),
    stretched: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
    keep: fc.shuffledSubarray(LABELS),
  })
  .map(({ operands, lengths, stretched, keep }) => ({
    operands,
    lengths,
    stretched: stretched.map((flag, i) => flag && i % 2 === 1),
    output: keep.filter((label) =>
      operands.some((labels, i) => labels.includes(label) && !(stretched[i] && i % 2 === 1)),
    ),
  }));

describe("einsum", () => {
  test("is the sum over all labels: repeated labels, sums, broadcast axes, any number of operands", () => {
    fc.assert(
      fc.property(networks, ({ operands, output, lengths, stretched }) => {
        // A stretched operand has length 1 everywhere: it broadcasts against the others.
        const tensors = operands.map((labels, i) =>
          make(
            labels.map((label) => (stretched[i] ? 1 : lengths[label]!)),
            i + 1,
          ),
        );
        const subscripts = `${operands.map((labels) => labels.join("")).join(",")}->${output.join("")}`;
        const result = einsum(subscripts, ...tensors);
        expect([...result.shape]).toEqual(output.map((label) => lengths[label]));
        const expected = naive(operands, output, tensors);
        const scale = Math.max(1, ...[...expected.values()].map(Math.abs));
        let position = 0;
        const data = result.contiguous().data();
        const index = output.map(() => 0);
        for (; position < data.length; position++) {
          expect(Math.abs(data[position]! - (expected.get(index.join()) ?? 0)) / scale).toBeLessThan(1e-12);
          for (let k = output.length - 1; k >= 0; k--) {
            index[k]!++;
            if (index[k]! < lengths[output[k]!]!) break;
            index[k] = 0;
          }
        }
      }),
      { numRuns: 300 },
    );
  });
  test("ellipses stand for the axes before, and broadcast", () => {
    const a = make([4, 1, 2, 3], 1);
    const b = make([5, 3, 2], 2);
    const result = einsum("...ij,...jk->...ik", a, b);
    expect(result.toArray()).toEqual(a.matmul(b).toArray());
    expect(einsum("i...->...", make([3, 2], 1)).toArray()).toEqual(
      make([3, 2], 1).sum({ axis: 0 }).toArray(),
    );
    expect(einsum("...,...", tensor(2), tensor([1, 2])).toArray()).toEqual([2, 4]);
    expect(einsum("i...i->...", make([2, 3, 2], 1)).shape).toEqual([3]);
  });
  test("dtypes meet as in other operations", () => {
    const z = makeComplex([3, 3], 1);
    expect(einsum("ij,ij->", z, z.conj()).dtype).toBe("complex128");
    expect(einsum("ij,jk->ik", makeInt([2, 3]), makeInt([3, 2])).dtype).toBe("int32");
    expect(einsum("ij,jk->ik", z, make([3, 2])).dtype).toBe("complex128");
    const separate = complexFrom(einsum("ii->i", z.real()), einsum("ii->i", z.imag()));
    expect(einsum("ii->i", z).toArray()).toEqual(separate.toArray());
    expect(() => einsum("i->", ones([2], "float8_e4m3"))).toThrow(DTypeError);
  });
  test("nothing and scalars", () => {
    expect(einsum(",->", tensor(2), tensor(3)).item()).toBe(6);
    expect(einsum("ij,jk->ik", ones([2, 0]), ones([0, 3])).toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(einsum("i->", ones([0])).item()).toBe(0);
  });
  const m = ones([2, 3]);
  test.each([
    ["ij,jk->ik", [m], /names 2 operands, got 1/],
    ["ij->ik", [m], /"k" of the result/],
    ["ij->ii", [m], /twice/],
    ["i1->i", [m], /not of the form/],
    ["ij->i->j", [m], /not of the form/],
    ["......i->i", [m], /not of the form/],
    ["ijk->i", [m], /names 3 axes/],
    ["i->i", [m], /names 1 axes/],
    ["ij,ij->", [m, ones([3, 2])], /label "i" has lengths/],
    ["ii->", [m], /label "i" has lengths/],
    ["...i->i", [m], /\.\.\./],
    ["", [], /at least one tensor|at least one operand/],
  ] as const)("refuses %s", (subscripts, operands, message) => {
    expect(() => einsum(subscripts, ...operands)).toThrow(ShapeError);
    expect(() => einsum(subscripts, ...operands)).toThrow(message);
  });
});

describe("the order of contraction", () => {
  test("a long chain gives what multiplying from the left gives", () => {
    const matrices = Array.from({ length: 16 }, (_, i) => make([2 + (i % 3), 2 + ((i + 1) % 3)], i).div(8));
    const names = "abcdefghijklmnopqrst";
    const subscripts = `${matrices.map((_, i) => names[i]! + names[i + 1]!).join(",")}->a${names[matrices.length]}`;
    const expected = matrices.reduce((product, x) => product.matmul(x));
    const difference = add(einsum(subscripts, ...matrices), expected.neg())
      .abs()
      .max()
      .item();
    expect(difference).toBeLessThan(1e-11 * expected.abs().max().item());
  });
  test("of a matrix chain is the classical one", () => {
    const [a, b, c] = [ones([10, 100]), ones([100, 5]), ones([5, 50])];
    expect(einsumPath("ij,jk,kl->il", a, b, c)).toEqual({
      steps: [
        [0, 1],
        [0, 1],
      ],
      cost: 7500,
      largest: 500,
    });
  });
});
