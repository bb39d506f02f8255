// Associated Legendre functions with the norm of spherical harmonics, as tables for matrix products.

import { Tensor } from "../../tensor/tensor.ts";
import type { Rings } from "./grid.ts";

/**
 * P[m, l, j] at cos θⱼ for 0 <= m <= l <= lmax, zero for l < m: Yₗᵐ = P exp(imφ) has norm 1 on the sphere and the phase
 * (-1)^m of Condon and Shortley. By the recurrence in l of three terms, stable upwards (S. Holmes and W. Featherstone, J.
 * Geodesy 76, 2002). O(lmax² n).
 */
export function legendreTable(lmax: number, { cosines, sines }: Rings): Tensor {
  const count = lmax + 1;
  const n = cosines.length;
  const data = new Float64Array(count * count * n);
  const at = (m: number, l: number): number => (m * count + l) * n;
  data.fill(Math.sqrt(1 / (4 * Math.PI)), 0, n);
  for (let m = 0; m <= lmax; m++) {
    if (m > 0) {
      const factor = -Math.sqrt((2 * m + 1) / (2 * m));
      for (let j = 0; j < n; j++) data[at(m, m) + j] = factor * sines[j]! * data[at(m - 1, m - 1) + j]!;
    }
    for (let l = m + 1; l <= lmax; l++) {
      const a = Math.sqrt((4 * l * l - 1) / (l * l - m * m));
      const b = l > m + 1 ? Math.sqrt(((l - 1) ** 2 - m * m) / (4 * (l - 1) ** 2 - 1)) : 0;
      const [to, one, two] = [at(m, l), at(m, l - 1), at(m, Math.max(m, l - 2))];
      for (let j = 0; j < n; j++) data[to + j] = a * (cosines[j]! * data[one + j]! - b * data[two + j]!);
    }
  }
  return new Tensor(data, [count, count, n], "float64");
}
