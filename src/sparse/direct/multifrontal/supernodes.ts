// Supernodes: neighbouring columns of a factor that have the same rows below them, or nearly so, and are factored
// together as one dense front.
// Sources: Ng and Peyton, "Block sparse Cholesky algorithms on advanced uniprocessor computers", SIAM Journal on Scientific
// Computing 14 (1993); relaxed merging: Ashcraft and Grimes, "The influence of relaxed supernode partitions on the
// multifrontal method", ACM Transactions on Mathematical Software 15 (1989).

import type { Pattern } from "../../base/pattern.ts";
import type { Symbolic } from "../symbolic.ts";

/** Runs of columns, each with its rows below the last column, ascending. */
export interface ColumnRuns {
  /** Run r has the columns from `starts[r]` to `starts[r + 1]`. */
  readonly starts: Int32Array;
  /** Its rows are those from `rowsAt[r]` to `rowsAt[r + 1]` of `rows`. */
  readonly rowsAt: Int32Array;
  readonly rows: Int32Array;
}

export interface Supernodes {
  /** Columns with exactly the same rows: what of a front is in the factor. */
  readonly exact: ColumnRuns;
  /** Supernodes, each of one or more exact runs. Those that differ a little are taken together for larger fronts. */
  readonly starts: Int32Array;
  /** The first exact run of each supernode. */
  readonly runs: Int32Array;
  /** The supernode that takes what a front leaves to others; -1 for roots. */
  readonly parent: Int32Array;
}

const NONE = -1;

/** Up to so many columns are always taken together. */
const ALWAYS = 4;
/** Up to so many columns, the share of zeros that may be stored for them. */
const RELAXED: readonly (readonly [columns: number, zeros: number])[] = [
  [16, 0.8],
  [48, 0.1],
  [Number.POSITIVE_INFINITY, 0.05],
];

const remembered = new WeakMap<Symbolic, Supernodes>();

/** The supernodes of a factor, kept with its analysis. O(entries of A + rows of the runs). */
export function supernodesOf(symbolic: Symbolic, pattern: Pattern): Supernodes {
  let known = remembered.get(symbolic);
  if (!known) {
    const exact = exactRuns(symbolic, pattern);
    known = { exact, ...relax(symbolic, exact) };
    remembered.set(symbolic, known);
  }
  return known;
}

function exactRuns({ n, order, inverse, parent, counts }: Symbolic, pattern: Pattern): ColumnRuns {
  const starts: number[] = [];
  const runOf = new Int32Array(n);
  for (let j = 0; j < n; j++) {
    if (j === 0 || parent[j - 1] !== j || counts[j - 1] !== counts[j] + 1) starts.push(j);
    runOf[j] = starts.length - 1;
  }
  const count = starts.length;
  starts.push(n);
  const rowsAt = new Int32Array(count + 1);
  for (let r = 0; r < count; r++) rowsAt[r + 1] = rowsAt[r] + counts[starts[r + 1] - 1] - 1;
  const rows = new Int32Array(rowsAt[count]);
  // Runs whose first row below lies in a run, as linked lists.
  const firstChild = new Int32Array(count).fill(NONE);
  const nextChild = new Int32Array(count).fill(NONE);
  const mark = new Int32Array(n).fill(NONE);
  for (let r = 0; r < count; r++) {
    const last = starts[r + 1] - 1;
    let at = rowsAt[r];
    const add = (i: number): void => {
      if (i <= last || mark[i] === r) return;
      mark[i] = r;
      rows[at++] = i;
    };
    for (let j = starts[r]; j <= last; j++)
      for (let p = pattern.indptr[order[j]]; p < pattern.indptr[order[j] + 1]; p++)
        add(inverse[pattern.indices[p]]);
    for (let child = firstChild[r]; child !== NONE; child = nextChild[child])
      for (let p = rowsAt[child]; p < rowsAt[child + 1]; p++) add(rows[p]);
    if (at === rowsAt[r]) continue;
    rows.subarray(rowsAt[r], at).sort();
    const above = runOf[rows[rowsAt[r]]];
    nextChild[r] = firstChild[above];
    firstChild[above] = r;
  }
  return { starts: Int32Array.from(starts), rowsAt, rows };
}

/** Joins a run to the one after it, where that is its parent and few zeros are stored for it. */
function relax({ n }: Symbolic, { starts, rowsAt, rows }: ColumnRuns): Omit<Supernodes, "exact"> {
  const count = starts.length - 1;
  const runOf = new Int32Array(n);
  for (let r = 0; r < count; r++) runOf.fill(r, starts[r], starts[r + 1]);
  /** The run that a run was joined to, the one before it. */
  const joined = new Int32Array(count).fill(NONE);
  const columns = new Float64Array(count);
  const below = new Float64Array(count);
  const zeros = new Float64Array(count);
  const leader = (run: number): number => {
    let r = run;
    while (joined[r] !== NONE) {
      // Halves the way for the next time.
      if (joined[joined[r]] !== NONE) joined[r] = joined[joined[r]];
      r = joined[r];
    }
    return r;
  };
  for (let r = count - 1; r >= 0; r--) {
    columns[r] = starts[r + 1] - starts[r];
    below[r] = rowsAt[r + 1] - rowsAt[r];
    const next = r + 1;
    if (below[r] === 0 || leader(runOf[rows[rowsAt[r]]]) !== next) continue;
    const width = columns[r] + columns[next];
    const total = zeros[r] + zeros[next] + columns[r] * (columns[next] + below[next] - below[r]);
    const entries = (width * (width + 1)) / 2 + width * below[next];
    const [, share] = RELAXED.find(([most]) => width <= most)!;
    if (width > ALWAYS && total > share * entries) continue;
    joined[next] = r;
    columns[r] = width;
    below[r] = below[next];
    zeros[r] = total;
  }
  const runs: number[] = [];
  const supernodeOf = new Int32Array(count);
  for (let r = 0; r < count; r++) {
    if (joined[r] === NONE) runs.push(r);
    supernodeOf[r] = runs.length - 1;
  }
  const parent = new Int32Array(runs.length).fill(NONE);
  for (let s = 0; s < runs.length; s++) {
    const last = (s + 1 < runs.length ? runs[s + 1] : count) - 1;
    if (rowsAt[last] < rowsAt[last + 1]) parent[s] = supernodeOf[runOf[rows[rowsAt[last]]]];
  }
  return {
    starts: Int32Array.from([...runs.map((r) => starts[r]), n]),
    runs: Int32Array.from([...runs, count]),
    parent,
  };
}
