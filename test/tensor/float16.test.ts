import { expect, test } from "vitest";
import { decodeNarrow, encodeNarrow } from "../../src/tensor/float16.ts";

test("narrow floats: every bit pattern survives, and rounding is to nearest even", () => {
  for (const [dtype, count] of [
    ["float16", 65536],
    ["bfloat16", 65536],
    ["float8_e4m3", 256],
    ["float8_e5m2", 256],
  ] as const)
    for (let bits = 0; bits < count; bits++) {
      const value = decodeNarrow(dtype, bits);
      if (!Number.isNaN(value)) expect(encodeNarrow(dtype, value)).toBe(bits);
      else expect(decodeNarrow(dtype, encodeNarrow(dtype, value))).toBeNaN();
    }
  expect(decodeNarrow("float16", encodeNarrow("float16", 2049))).toBe(2048);
  expect(decodeNarrow("float16", encodeNarrow("float16", 2051))).toBe(2052);
  expect(decodeNarrow("float16", encodeNarrow("float16", 65520))).toBe(Number.POSITIVE_INFINITY);
  expect(decodeNarrow("float16", encodeNarrow("float16", 2 ** -25))).toBe(0);
  expect(decodeNarrow("float8_e4m3", encodeNarrow("float8_e4m3", 448))).toBe(448);
  expect(decodeNarrow("float8_e4m3", encodeNarrow("float8_e4m3", 1000))).toBeNaN();
});
