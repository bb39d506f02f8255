// The smallest tree network within a tolerance, over the best tree that the spectra know.

import { parameters } from "../operations.ts";
import { tree } from "../tree/tree.ts";
import type { DimTree, Tree } from "../types.ts";
import { balancedTree, bestTree } from "./predict.ts";
import { type Find, largestFactor, type Task } from "./search.ts";

/** A tree as `((0 1) (2 3))`. */
export const formatTree = (node: DimTree): string =>
  typeof node === "number" ? String(node) : `(${formatTree(node[0])} ${formatTree(node[1])})`;

export function searchTree(task: Task): Find[] {
  const { what: free } = bestTree(task.spectra, task.tol);
  const balanced = balancedTree(task.x.shape.map((_, k) => k));
  const shapes = formatTree(free) === formatTree(balanced) ? [free] : [free, balanced];
  return shapes.map((shape) => ({
    format: "tree",
    detail: formatTree(shape),
    decomposition: tightTree(task, shape),
  }));
}

/**
 * Like `tightTrain`: hierarchical truncation rarely spends its whole budget, so larger ones are tried against the
 * measured error.
 */
function tightTree({ x, tol, clock }: Task, shape: DimTree): Tree {
  let best: Tree = tree(x, { rtol: tol, tree: shape });
  const nodes = Math.max(1, 2 * x.ndim - 3);
  largestFactor(
    Math.sqrt(nodes),
    (factor) => {
      if (clock.isOver) return false;
      const trial = tree(x, { rtol: Math.min(0.999, factor * tol), tree: shape });
      if (trial.error > tol) return false;
      if (parameters(trial) < parameters(best)) best = trial;
      return true;
    },
    5,
  );
  return best;
}
