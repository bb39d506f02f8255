// Example operands of the primitives of fft for the walk through the registry.
import { type Example, type Operand, realPart, values } from "../transform/operands.ts";

const one = (params: unknown, ...operands: readonly Operand[]): Example => ({
  params,
  operands,
  linear: [[0]],
  slack: 4,
});
const unsigned = (params: unknown, ...operands: readonly Operand[]): Example => ({ params, operands });

const points = (...shape: number[]): Operand => realPart(values(shape, -4, 7));
const near = (...shape: number[]): Operand => realPart(values(shape, -1, 1));
const modes = (...lengths: number[]): object => ({ modes: lengths, sign: -1, tolerance: 1e-14 });
const anywhere = { sign: 1, tolerance: 1e-14 };
/** Points and frequencies do not play the same role in the sums: they agree to the tolerance only. */
const third = (...operands: readonly Operand[]): Example => ({ ...one(anywhere, ...operands), slack: 50 });

export const TRANSFORMS: Readonly<Record<string, readonly Example[]>> = {
  fft: [
    one({ axes: [1], sign: -1, scale: 1 }, values([2, 6])),
    one({ axes: [0], sign: 1, scale: 0.5 }, values([5, 3])),
    one({ axes: [2, 0], sign: -1, scale: 1 }, values([2, 2, 3])),
    one({ axes: [1], sign: -1, scale: 2 }, values([2, 17, 2])),
  ],
  rfft: [
    one({ scale: 1 }, values([2, 6])),
    one({ scale: 0.5 }, values([5])),
    one({ scale: 1 }, values([3, 1])),
  ],
  irfft: [
    one({ n: 6, scale: 1 }, values([2, 4])),
    one({ n: 5, scale: 0.5 }, values([3])),
    one({ n: 1, scale: 1 }, values([2, 1])),
    one({ n: 2, scale: 1 }, values([2])),
  ],
  trigonometric: (["dct", "dst"] as const).flatMap((kind) =>
    [1, 2, 3, 4].flatMap((type) => [
      one({ kind, type, scale: 1 }, values([2, 4])),
      one({ kind, type, scale: 0.5 }, values([3])),
    ]),
  ),
  walshHadamard: [one(undefined, values([2, 8])), one(undefined, values([1]))],
  ntt: [
    unsigned({ modulus: 13, factor: 1, isInverse: false }, values([2, 4])),
    unsigned({ modulus: 2147483647, factor: 7, isInverse: true }, values([3, 6])),
  ],
  multiplyModulo: [unsigned({ modulus: 101 }, values([2, 4]), values([2, 4]))],
  nufft1: [
    one(modes(4), values([5]), points(5, 1)),
    one(modes(3, 2), values([2, 4]), points(4, 2)),
    one(modes(3), values([2, 4]), points(2, 4, 1)),
  ],
  nufft2: [
    one(modes(4), values([4]), points(5, 1)),
    one(modes(3, 2), values([2, 3, 2]), points(4, 2)),
    one(modes(3), values([2, 3]), points(2, 4, 1)),
  ],
  nufft3: [
    third(values([4]), near(4, 1), near(3, 1)),
    third(values([2, 2]), near(2, 2), near(2, 2)),
    third(values([2, 3]), near(2, 3, 1), near(2, 1)),
  ],
};
