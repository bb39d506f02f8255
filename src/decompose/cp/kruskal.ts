// Whether a CP decomposition is unique, by Kruskal's condition.

import { matmul } from "../../ops/contract.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { symmetricBasis } from "../base/truncation.ts";
import { adjoint } from "../base/unfold.ts";
import type { CP } from "../types.ts";

/**
 * Kruskal rank of each factor: the largest k such that every k columns are independent. Σ k-ranks ≥ 2 r + d - 1 makes
 * a CP decomposition unique (Kruskal 1977, Sidiropoulos and Bro 2000). Exponential in the rank: throws DomainError
 * above 12 columns.
 */
export function kruskalRanks(d: CP): { ranks: number[]; unique: boolean } {
  const r = d.weights.size;
  if (r > 12) throw new DomainError(`kruskalRanks: at most 12 components were expected, got ${r}`);
  const ranks = d.factors.map((u) => kruskalRank(u, r));
  return { ranks, unique: ranks.reduce((a, b) => a + b, 0) >= 2 * r + d.factors.length - 1 };
}

function kruskalRank(u: Tensor, r: number): number {
  const independent = (columns: number[]): boolean => {
    const part = u.at(":", columns).contiguous();
    if (columns.length > part.shape[0]!) return false;
    const { values } = symmetricBasis(matmul(adjoint(part), part));
    return values.at(-1)! > 1e-7 * values[0]!;
  };
  let rank = 0;
  for (let size = 1; size <= r; size++) {
    if (!subsets(r, size).every(independent)) break;
    rank = size;
  }
  return rank;
}

function subsets(n: number, size: number, first = 0): number[][] {
  if (size === 0) return [[]];
  const found: number[][] = [];
  for (let i = first; i <= n - size; i++)
    for (const rest of subsets(n, size - 1, i + 1)) found.push([i, ...rest]);
  return found;
}
