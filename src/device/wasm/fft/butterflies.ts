// The small transforms that large ones are made of, over vectors of one complex float64 number each. All take the
// direction from the vector `turn`: swapping the parts of a number and multiplying by it is multiplying by ±i.

import { type FunctionBuilder, i32, load, type Node, op, shuffle, v128 } from "../assembler.ts";
import { hasRelaxedSimd } from "../features.ts";

export const add = (a: Node, b: Node): Node => op("f64x2.add", a, b);
export const sub = (a: Node, b: Node): Node => op("f64x2.sub", a, b);
export const mul = (a: Node, b: Node): Node => op("f64x2.mul", a, b);
/** The imaginary part before the real one. */
export const swap = (a: Node): Node => shuffle(a, a, [1, 0]);
/** a · b + c. */
export const mulAdd = (a: Node, b: Node, c: Node): Node =>
  hasRelaxedSimd() ? op("f64x2.relaxed_madd", a, b, c) : add(mul(a, b), c);
/** c - a · b. */
const mulSub = (a: Node, b: Node, c: Node): Node =>
  hasRelaxedSimd() ? op("f64x2.relaxed_nmadd", a, b, c) : sub(c, mul(a, b));

/** x · w for w given as (re, re) and (-im, im). */
export const turned = (x: Node, re: Node, im: Node): Node => mulAdd(swap(x), im, mul(x, re));

/** Bytes of the constants of all odd radices together, and where those of one begin. */
export const ODD_RADICES: readonly number[] = [3, 5, 7, 11, 13];
export const CONSTANT_BYTES: number = ODD_RADICES.reduce((sum, r) => sum + 16 * (r - 1), 0);
const constantsBefore = (radix: number): number =>
  ODD_RADICES.filter((r) => r < radix).reduce((sum, r) => sum + 16 * (r - 1), 0);

/** The constants of odd radices: for each j to (r - 1) / 2 the cosine and the sine of 2πj / r, each twice. */
export function oddConstants(): number[] {
  return ODD_RADICES.flatMap((r) =>
    Array.from({ length: (r - 1) / 2 }, (_, j) => {
      const angle = (2 * Math.PI * (j + 1)) / r;
      return [Math.cos(angle), Math.cos(angle), Math.sin(angle), Math.sin(angle)];
    }).flat(),
  );
}

/** Writes the transform of some numbers that wait in locals; `constants` is where `oddConstants` lie. */
export type Butterfly = (f: FunctionBuilder, a: readonly Node[], turn: Node) => Node[];

export function butterfly(radix: number, constants: number): Butterfly {
  if (radix === 2) return (_f, [a, b]) => [add(a!, b!), sub(a!, b!)];
  if (radix === 4) return radix4;
  if (radix === 8) return radix8;
  return odd(radix, constants + constantsBefore(radix));
}

const radix4: Butterfly = (f, [a, b, c, d], turn) => {
  const even = f.let(add(a!, c!));
  const evenBack = f.let(sub(a!, c!));
  const odds = f.let(add(b!, d!));
  const oddBack = f.let(swap(sub(b!, d!)));
  return [add(even, odds), mulAdd(oddBack, turn, evenBack), sub(even, odds), mulSub(oddBack, turn, evenBack)];
};

/** By the even results from sums, and the odd ones from differences turned by powers of an eighth of the circle. */
const radix8: Butterfly = (f, a, turn) => {
  const half = v128(Math.SQRT1_2, Math.SQRT1_2);
  const sums = [0, 1, 2, 3].map((j) => f.let(add(a[j]!, a[j + 4]!)));
  const even = radix4(f, sums, turn).map((value) => f.let(value));
  const [d0, d1, d2, d3] = [0, 1, 2, 3].map((j) => f.let(sub(a[j]!, a[j + 4]!))) as [Node, Node, Node, Node];
  const quarter = (x: Node): Node => f.let(mul(swap(x), turn));
  const scale = f.let(half);
  const odd = radix4(
    f,
    [d0, f.let(mul(add(quarter(d1), d1), scale)), quarter(d2), f.let(mul(sub(quarter(d3), d3), scale))],
    turn,
  );
  return even.flatMap((value, i) => [value, odd[i]!]);
};

/** By pairs of inputs j and r - j, whose roots are conjugate: (r - 1)² real multiplications. */
function odd(r: number, constants: number): Butterfly {
  const half = (r - 1) / 2;
  return (f, a, turn) => {
    const cosine = (j: number): Node => load("v128.load", i32(constants), 32 * (j - 1));
    const sine = (j: number): Node => load("v128.load", i32(constants), 32 * (j - 1) + 16);
    const pairs = Array.from({ length: half }, (_, j) => j + 1);
    const sums = pairs.map((j) => f.let(add(a[j]!, a[r - j]!)));
    const differences = pairs.map((j) => f.let(mul(swap(sub(a[j]!, a[r - j]!)), turn)));
    const results = new Array<Node>(r);
    results[0] = f.let(sums.reduce(add, a[0]!));
    for (const k of pairs) {
      let even = a[0]!;
      let back: Node | undefined;
      for (const j of pairs) {
        const turns = (j * k) % r;
        const isBeyond = turns > half;
        const which = isBeyond ? r - turns : turns;
        const [t, u] = [sums[j - 1]!, differences[j - 1]!];
        even = mulAdd(t, cosine(which), even);
        if (back === undefined) back = mul(u, sine(which));
        else back = isBeyond ? mulSub(u, sine(which), back) : mulAdd(u, sine(which), back);
      }
      const [whole, rest] = [f.let(even), f.let(back!)];
      results[k] = add(whole, rest);
      results[r - k] = sub(whole, rest);
    }
    return results;
  };
}
