// Matrices held for many products with vectors, against sums.
import fc from "fast-check";
import { expect, test } from "vitest";
import { wasmDevice } from "../../src/device/wasm/wasm.ts";

const device = wasmDevice()!;

test("products of parts with vectors, of two matrices held at once", () => {
  const part = fc.tuple(
    fc.nat(3),
    fc.nat(3),
    fc.integer({ min: 1, max: 30 }),
    fc.integer({ min: 1, max: 23 }),
  );
  fc.assert(
    fc.property(part, fc.nat(5), ([row, column, m, n], more) => {
      const [rows, columns, ld] = [row + m, column + n, row + m + more];
      const data = Float64Array.from({ length: 2 + ld * columns }, (_, i) => Math.sin(i * i + more));
      const other = data.map((value) => value + 1);
      const first = device.holdColumns!(data, 2, ld, rows, columns);
      const second = device.holdColumns!(other, 2, ld, rows, columns);
      const x = Float64Array.from({ length: 40 }, (_, i) => Math.cos(i));
      for (const [held, matrix] of [
        [first, data],
        [second, other],
      ] as const) {
        const entry = (i: number, j: number): number => matrix[2 + (column + j) * ld + row + i];
        const y = Float64Array.from({ length: 50 }, (_, i) => i);
        held.addTimes(row, column, m, n, x, 3, y, 4);
        const z = new Float64Array(50).fill(7);
        held.transposedTimes(row, column, m, n, x, 2, z, 1);
        for (let i = 0; i < 50; i++) {
          let sum = i;
          if (i >= 4 && i < 4 + m) for (let j = 0; j < n; j++) sum += entry(i - 4, j) * x[3 + j];
          expect(y[i]).toBeCloseTo(sum, 10);
          let dot = 7;
          if (i >= 1 && i < 1 + n) {
            dot = 0;
            for (let k = 0; k < m; k++) dot += entry(k, i - 1) * x[2 + k];
          }
          expect(z[i]).toBeCloseTo(dot, 10);
        }
      }
      second.release();
      first.release();
    }),
  );
});
