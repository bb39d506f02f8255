// Alternating measurements: every round runs each candidate once, so that a change of the clock rate or of the load
// of the machine meets all of them; ratios are taken round by round and their median is reported.

import { allThreads } from "./peers.mjs";

/** OpenBLAS spins for some twenty milliseconds. */
const SETTLE_MS = 60;

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
};

/** Engines compile what runs often a second time, better: what counts is the speed after that. */
const WARMUP_MS = 400;

/**
 * Times candidates `{ name: () => milliseconds | void | Promise }` (a returned number replaces the time measured
 * here). Gives per name the median time and the median over rounds of time / time of the first candidate. Every
 * candidate runs `warmup` times and for WARMUP_MS before.
 */
export async function alternate(candidates, { rounds = 15, warmup = 3 } = {}) {
  for (const run of Object.values(candidates)) {
    const end = performance.now() + WARMUP_MS;
    for (let i = 0; i < warmup || performance.now() < end; i++) await run();
  }
  // Pools of threads keep a processor busy for a while after their work: with several, everybody waits for the others.
  const settle = () => allThreads && new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const times = Object.fromEntries(Object.keys(candidates).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(candidates)) {
      await settle();
      const start = performance.now();
      const reported = await run();
      const elapsed = typeof reported === "number" ? reported : performance.now() - start;
      times[name].push(elapsed);
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

/**
 * Rows of the table that set the first candidate (polyadic) against each other one. `required` tells per peer how many
 * times faster it must be (a peer with a version, such as "NumPy 2.4", is found by its first word).
 */
export async function compare(work, candidates, { show, required = {}, ...options }) {
  const [[, own], ...others] = Object.entries(await alternate(candidates, options));
  return others.map(([peer, { ms, ratio }]) => {
    const atLeast = required[peer.split(" ")[0]];
    return {
      work,
      polyadic: show(own.ms),
      peer,
      "peer's": show(ms),
      ratio: ratio.toFixed(2),
      required: atLeast === undefined ? "" : `>= ${atLeast}`,
      met: atLeast === undefined ? "" : ratio >= atLeast ? "yes" : "NO",
    };
  });
}

/** Prints rows of equal keys as an aligned table. */
export function printTable(rows) {
  if (!rows.length) return;
  const keys = Object.keys(rows[0]);
  const width = (key) => Math.max(key.length, ...rows.map((row) => row[key].length));
  const line = (cell) => keys.map((key) => cell(key).padEnd(width(key))).join("  ");
  console.log(line((key) => key));
  for (const row of rows) console.log(line((key) => row[key]));
}
