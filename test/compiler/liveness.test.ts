// Peak memory of graphs small enough to count by hand. One float64 vector of 100 elements is 800 bytes.

import { type Tensor, tensor, zeros } from "polyadic";
import { jit, peakBytes } from "polyadic/compiler";
import { scan, trace } from "polyadic/transform";
import { describe, expect, test } from "vitest";

const x = zeros([100]);
const V = 800;

describe("peak bytes", () => {
  test.each<readonly [string, (a: Tensor) => unknown, number]>([
    ["the input alone", (a) => a, V],
    ["nothing at all", () => tensor(1), 0],
    // Input and result.
    ["one operation", (a) => a.sin(), 2 * V],
    // The input dies after the first step, each value after the next.
    ["a chain", (a) => a.sin().cos().exp(), 2 * V],
    // The input is needed until the end: input, cosine and sum; while the cosine is made: input, sine and cosine.
    ["a long-lived input", (a) => a.sin().cos().add(a), 3 * V],
    // All five results stay; the input dies when the last is made.
    ["many results", (a) => [1, 2, 3, 4, 5].map((k) => a.mul(k)), 6 * V],
    ["a reduction", (a) => a.sin().sum(), 2 * V],
    // The scalar is repeated before it is multiplied: input, repeated sum and product at the end.
    ["a reduction and its input", (a) => a.mul(a.sum()), 3 * V],
    // Input, sum and the repeated sum; then the repeated sum and its sine.
    ["a scalar", (a) => a.sum().broadcastTo([100]).sin(), 2 * V],
    ["a scalar kept beside vectors", (a) => [a.sum(), a.sin()], 2 * V + 8],
    // Views count like any other output.
    ["a view", (a) => a.reshape([10, 10]).mT().sum(), 2 * V],
    // A constant of the graph lies outside of the arena.
    ["a constant", (a) => a.add(zeros([100])), 2 * V],
  ])("%s", (_name, f, bytes) => {
    expect(peakBytes(trace(f as (a: Tensor) => Tensor)(x))).toBe(bytes);
  });

  test("an input that is never read takes nothing", () => {
    expect(peakBytes(trace((a: Tensor, _b: Tensor) => a.sin())(x, x))).toBe(2 * V);
  });

  test("element types", () => {
    const single = x.astype("float32");
    expect(peakBytes(trace((a: Tensor) => a.sin())(single))).toBe(V);
    expect(peakBytes(trace((a: Tensor) => a.greater(0))(single))).toBe(400 + 100);
  });

  test("a call adds what its body needs beyond inputs and outputs", () => {
    const body = jit((a: Tensor) => a.sin().cos().add(a));
    // Input and output of the call, and at most two values of its own: sine and cosine.
    expect(peakBytes(trace((a: Tensor) => body(a))(x))).toBe(4 * V);
    // A loop needs the memory of one step, not of all.
    const loop = (n: number) => (a: Tensor) =>
      scan((c: Tensor) => [c.sin().cos().add(c), null], a, null, { length: n }).carry;
    const once = peakBytes(trace(loop(1))(x));
    expect(peakBytes(trace(loop(50))(x))).toBe(once);
    expect(once).toBe(4 * V);
  });

  test("an output that nobody reads takes room while its equation runs, and no longer", () => {
    const unread = (a: Tensor): Tensor =>
      scan((c: Tensor) => [c.sin(), c], a, null, { length: 10 })
        .carry.cos()
        .exp();
    // The carry before and after, and ten states; then two values of the chain.
    expect(peakBytes(trace(unread)(x))).toBe(12 * V);
    const later = (a: Tensor): Tensor => unread(a).broadcastTo([11, 100]).sin().sum();
    expect(peakBytes(trace(later)(x))).toBe(22 * V);
  });
});
