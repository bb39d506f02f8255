// The same problem as a mixed-integer linear program: what retention intervals are measured against.

import { DomainError } from "../../tensor/errors.ts";
import { optionalPackage } from "../../tensor/packages.ts";
import { type CostGraph, type Problem, prepare } from "./problem.ts";
import { peakMemory, run, toSchedule } from "./retention.ts";

export interface CheckmateOptions {
  /** Largest memory at any moment, in the units of `graph.memory`. */
  readonly budget: number;
  /** Topological order of the first computations; by default 0, 1, … where that is one. */
  readonly order?: readonly number[];
  /** Seconds that the solver may take (no limit). */
  readonly timeLimit?: number;
}

export interface CheckmateResult {
  readonly status: "optimal" | "infeasible" | "stopped";
  /** null when none was found. */
  readonly schedule: number[] | null;
  /** Sum of durations over the schedule; Infinity without one. */
  readonly duration: number;
  readonly peak: number;
  /** Recompute, store and free decisions; the memory of every event, which follows from them, not counted. */
  readonly variables: number;
  readonly constraints: number;
}

/**
 * Rematerialization as the mixed-integer linear program of Jain et al., "Checkmate: Breaking the Memory Wall with
 * Optimal Tensor Rematerialization" (2020), solved by HiGHS (the optional package `highs`). Stage t ends with the first
 * computation of node t. R[t, i]: node i runs in stage t; S[t, i]: its value is stored from before stage t;
 * F[t, i, k]: the value of i is freed after k ran in stage t. A node may run any number of times. O(n² + n · edges)
 * variables. Throws what `rematerialize` throws for its arguments, and MissingPackageError.
 */
export async function checkmate(graph: CostGraph, options: CheckmateOptions): Promise<CheckmateResult> {
  const { budget, order, timeLimit } = options;
  if (timeLimit !== undefined && !(timeLimit > 0))
    throw new DomainError(`checkmate: timeLimit must be positive, got ${timeLimit}`);
  const problem = prepare(graph, { budget, maxCopies: Math.max(1, graph.n), ...(order && { order }) });
  if (problem.n === 0)
    return { status: "optimal", schedule: [], duration: 0, peak: 0, variables: 0, constraints: 0 };
  const { default: load } = await optionalPackage("highs", "checkmate", () => import("highs"));
  const solver = await load();
  const model = new Model(problem);
  const answer = solver.solve(model.text(), timeLimit === undefined ? {} : { time_limit: timeLimit });
  const { variables, constraints } = model;
  const nothing = { schedule: null, duration: Infinity, peak: Infinity, variables, constraints };
  if (answer.Status === "Infeasible") return { status: "infeasible", ...nothing };
  const isOptimal = answer.Status === "Optimal";
  const columns = answer.Columns as Record<string, { readonly Primal?: number }>;
  const isSet = (name: string): boolean => Math.round(columns[name]?.Primal ?? 0) === 1;
  const plan = Array.from({ length: problem.n }, (_, t) =>
    Array.from({ length: t }, (_, i) => i).filter((i) => isSet(`R_${t}_${i}`)),
  );
  const outcome = run(problem, plan);
  // A solver that was stopped may hold no solution, or numbers that are none.
  if (!isOptimal && outcome.overflow > 0) return { status: "stopped", ...nothing };
  const schedule = toSchedule(problem, outcome.plan);
  return {
    status: isOptimal ? "optimal" : "stopped",
    schedule,
    duration: schedule.reduce((sum, v) => sum + graph.duration[v]!, 0),
    peak: peakMemory(graph, schedule),
    variables,
    constraints,
  };
}

/** Variables and constraints of the program that `checkmate` solves; needs no solver. */
export function checkmateSize(graph: CostGraph): {
  readonly variables: number;
  readonly constraints: number;
} {
  const { variables, constraints } = new Model(prepare(graph, { budget: Infinity, maxCopies: 1 }));
  return { variables, constraints };
}

/** A sum of variables with coefficients, and a constant. */
class Expression {
  readonly terms: string[] = [];
  constant = 0;

  add(coefficient: number, name: string | 0 | 1): this {
    if (typeof name === "number") this.constant += coefficient * name;
    else if (coefficient !== 0)
      this.terms.push(`${coefficient < 0 ? "-" : "+"} ${Math.abs(coefficient)} ${name}`);
    return this;
  }
}

/** The program in the LP format. */
class Model {
  readonly #problem: Problem;
  readonly #rows: string[] = [];
  readonly #binaries: string[] = [];
  readonly #bounds: string[] = [];
  readonly #costs = new Expression();
  #decisions = 0;

  constructor(problem: Problem) {
    this.#problem = problem;
    const { n, parents, duration } = problem;
    // More than everything twice is no limit.
    const budget = Math.min(
      problem.budget,
      problem.memory.reduce((sum, m) => sum + 2 * m, 0),
    );
    for (let t = 0; t < n; t++) {
      for (let i = 0; i < t; i++) {
        for (const name of [this.#run(t, i), this.#stored(t, i)]) this.#binaries.push(String(name));
        this.#decisions += 2;
        this.#costs.add(duration[i]!, this.#run(t, i));
        // Only what was there or was computed can be stored.
        this.#atMost(
          new Expression()
            .add(1, this.#stored(t, i))
            .add(-1, this.#run(t - 1, i))
            .add(-1, this.#stored(t - 1, i)),
          0,
        );
      }
      for (let i = 0; i <= t; i++)
        for (const p of parents[i]!)
          this.#atMost(
            new Expression().add(1, this.#run(t, i)).add(-1, this.#run(t, p)).add(-1, this.#stored(t, p)),
            0,
          );
      this.#memory(t);
      for (let k = 0; k <= t; k++) this.#bounds.push(`0 <= U_${t}_${k} <= ${budget}`);
    }
  }

  get variables(): number {
    return this.#decisions;
  }

  get constraints(): number {
    return this.#rows.length;
  }

  #run(t: number, i: number): string | 0 | 1 {
    return i === t ? 1 : i > t ? 0 : `R_${t}_${i}`;
  }

  #stored(t: number, i: number): string | 0 {
    return i < t && t < this.#problem.n ? `S_${t}_${i}` : 0;
  }

  #atMost({ terms, constant }: Expression, bound: number): void {
    if (terms.length > 0) this.#rows.push(`${terms.join("\n")} <= ${bound - constant}`);
  }

  /** The memory while each node of stage t runs: U[t, k] = U[t, k - 1] - what was freed after k - 1 + value of k. */
  #memory(t: number): void {
    const { parents, children, memory } = this.#problem;
    for (let k = 0; k <= t; k++) {
      const balance = new Expression().add(1, `U_${t}_${k}`).add(-memory[k]!, this.#run(t, k));
      if (k === 0) for (let i = 0; i < t; i++) balance.add(-memory[i]!, this.#stored(t, i));
      else {
        balance.add(-1, `U_${t}_${k - 1}`);
        for (const i of [...parents[k - 1]!, k - 1]) balance.add(memory[i]!, `F_${t}_${i}_${k - 1}`);
      }
      this.#rows.push(`${balance.terms.join("\n")} = ${-balance.constant}`);
      for (const i of [...parents[k]!, k]) {
        // Freed after k only if k runs, nothing later in the stage reads it, and it is not stored for the next.
        const freed = `F_${t}_${i}_${k}`;
        this.#decisions++;
        this.#bounds.push(`0 <= ${freed} <= 1`);
        this.#atMost(new Expression().add(1, freed).add(-1, this.#run(t, k)), 0);
        this.#atMost(new Expression().add(1, freed).add(1, this.#stored(t + 1, i)), 1);
        for (const j of children[i]!)
          if (j > k && j <= t) this.#atMost(new Expression().add(1, freed).add(1, this.#run(t, j)), 1);
      }
    }
  }

  text(): string {
    const rows = this.#rows.map((row, i) => `c${i}: ${row}`);
    const objective = this.#costs.terms.length > 0 ? this.#costs.terms.join("\n") : "0 U_0_0";
    return `Minimize\nobj: ${objective}\nSubject To\n${rows.join("\n")}\nBounds\n${this.#bounds.join("\n")}\n${
      this.#binaries.length > 0 ? `Binary\n${this.#binaries.join("\n")}\n` : ""
    }End\n`;
  }
}
