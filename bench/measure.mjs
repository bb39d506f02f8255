// Alternating measurements: every round runs each candidate once, so that a change of the clock rate or of the load
// of the machine meets all of them; ratios are taken round by round and their median is reported.

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
};

/**
 * Times candidates `{ name: () => milliseconds | void | Promise }` (a returned number replaces the time measured
 * here). Gives per name the median time and the median over rounds of time / time of the first candidate.
 */
export async function alternate(candidates, { rounds = 15, warmup = 3 } = {}) {
  const times = Object.fromEntries(Object.keys(candidates).map((name) => [name, []]));
  for (let round = -warmup; round < rounds; round++) {
    for (const [name, run] of Object.entries(candidates)) {
      const start = performance.now();
      const reported = await run();
      const elapsed = typeof reported === "number" ? reported : performance.now() - start;
      if (round >= 0) times[name].push(elapsed);
    }
  }
  const [own] = Object.keys(candidates);
  return Object.fromEntries(
    Object.entries(times).map(([name, list]) => [
      name,
      { ms: median(list), ratio: median(list.map((ms, i) => ms / times[own][i])) },
    ]),
  );
}

/** Prints rows of equal keys as an aligned table. */
export function printTable(title, rows) {
  if (!rows.length) return;
  const keys = Object.keys(rows[0]);
  const text = (value) => (typeof value === "number" ? value.toPrecision(3) : String(value));
  const width = (key) => Math.max(key.length, ...rows.map((row) => text(row[key]).length));
  console.log(`\n${title}`);
  console.log(keys.map((key) => key.padEnd(width(key))).join("  "));
  for (const row of rows) console.log(keys.map((key) => text(row[key]).padEnd(width(key))).join("  "));
}
