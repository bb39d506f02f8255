// Tests of goodness of fit, and the p-values of their statistics.
import { gammaincc } from "polyadic/special";

/** The p-value of Kolmogorov and Smirnov's test that values have a continuous distribution function. */
export function kolmogorovSmirnov(
  values: ArrayLike<number>,
  cdf: (sorted: Float64Array) => ArrayLike<number>,
): number {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  const probabilities = cdf(sorted);
  let distance = 0;
  for (let i = 0; i < n; i++)
    distance = Math.max(distance, (i + 1) / n - probabilities[i]!, probabilities[i]! - i / n);
  const t = distance * (Math.sqrt(n) + 0.12 + 0.11 / Math.sqrt(n));
  let sum = 0;
  for (let k = 1; k < 200; k++) sum += 2 * (k % 2 ? 1 : -1) * Math.exp(-2 * k * k * t * t);
  return Math.min(1, sum);
}

/** The p-value of Pearson's test that integers from 0 have given probabilities; rare ones are taken together. */
export function chiSquare(values: ArrayLike<number>, probabilities: readonly number[]): number {
  const n = values.length;
  const counts = new Map<number, number>();
  for (let i = 0; i < n; i++) counts.set(values[i]!, (counts.get(values[i]!) ?? 0) + 1);
  let statistic = 0;
  let cells = 0;
  let rareExpected = n;
  let rareCount = n;
  probabilities.forEach((p, k) => {
    if (n * p < 10) return;
    const count = counts.get(k) ?? 0;
    statistic += (count - n * p) ** 2 / (n * p);
    cells += 1;
    rareExpected -= n * p;
    rareCount -= count;
  });
  if (rareExpected > 5) {
    statistic += (rareCount - rareExpected) ** 2 / rareExpected;
    cells += 1;
  } else if (rareCount > 25) return 0;
  return gammaincc((cells - 1) / 2, statistic / 2).item();
}

export function moments(values: ArrayLike<number>): { mean: number; variance: number } {
  const list = Array.from(values);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  return { mean, variance: list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length };
}
