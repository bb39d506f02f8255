import type { Tensor } from "polyadic";
import { expect } from "vitest";

/** Equal shapes and dtypes, and elements equal to a relative tolerance, or the same where they are not finite. */
export function near(actual: Tensor, expected: Tensor, rtol = 1e-10): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  const a = actual.toTypedArray();
  const b = expected.toTypedArray();
  let scale = 1;
  for (const x of b) if (Math.abs(x) > scale && Number.isFinite(x)) scale = Math.abs(x);
  for (let i = 0; i < b.length; i++)
    if (!Object.is(a[i], b[i]) && !(Math.abs(a[i]! - b[i]!) <= rtol * scale))
      expect.fail(`element ${i}: ${a[i]} where ${b[i]} was expected\n${actual}\n${expected}`);
}
