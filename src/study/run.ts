// Runs a study and holds what it measured against what it expects.
import type { ChartSpec } from "../plot/chart.ts";
import { key } from "../random/key.ts";
import { type Cell, expectationsOf, type Measured, type Scale, type Study } from "./study.ts";

/** One expectation, and what came. */
export interface Check {
  readonly name: string;
  readonly expected: string;
  /** null when the run gave no such number. */
  readonly measured: number | null;
  readonly holds: boolean;
}

export interface StudyTable {
  readonly title?: string;
  readonly rows: readonly Readonly<Record<string, Cell>>[];
}

/** All that a run of a study gave. */
export interface StudyOutcome {
  readonly id: string;
  readonly paper: Study["paper"];
  readonly claim: string;
  readonly baseline: string | null;
  readonly scale: Scale;
  /** Seed of the random key. */
  readonly seed: number;
  readonly measured: Measured;
  readonly checks: readonly Check[];
  readonly passed: boolean;
  readonly tables: readonly StudyTable[];
  readonly plots: readonly ChartSpec[];
  readonly notes: readonly string[];
  readonly seconds: number;
}

/** Runs a study with `key(seed)`. Errors of the study pass through. */
export async function runStudy(
  of: Study,
  options: { readonly seed?: number; readonly scale?: Scale } = {},
): Promise<StudyOutcome> {
  const { seed = 0, scale = "quick" } = options;
  const tables: StudyTable[] = [];
  const plots: ChartSpec[] = [];
  const notes: string[] = [];
  const started = performance.now();
  const measured = await of.run({
    key: key(seed),
    scale,
    report: {
      table: (rows, title) => void tables.push(title === undefined ? { rows } : { rows, title }),
      plot: (spec) => void plots.push(spec),
      note: (text) => void notes.push(text),
    },
  });
  const checks = Object.entries(expectationsOf(of, scale)).map(([name, expectation]): Check => {
    const value = measured[name];
    return {
      name,
      expected: expectation?.text ?? "",
      measured: value ?? null,
      holds: value !== undefined && (expectation?.holds(value) ?? false),
    };
  });
  return {
    id: of.id,
    paper: of.paper,
    claim: of.claim,
    baseline: of.baseline ?? null,
    scale,
    seed,
    measured,
    checks,
    passed: checks.every(({ holds }) => holds),
    tables,
    plots,
    notes,
    seconds: (performance.now() - started) / 1000,
  };
}
