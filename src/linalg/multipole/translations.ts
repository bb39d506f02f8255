// Matrices between skeletons: from children to parents, and between boxes that see each other from afar.

import type { DifferenceKernel } from "./kernel.ts";
import { type Skeleton, scaledKernel } from "./skeleton.ts";

/** What one direction of the sum knows of a level. */
export interface LevelBasis {
  readonly skeleton: Skeleton;
  /** Moments in the parent's box of charges on the skeleton, for each corner: `[parent rank, rank]`, row by row. */
  readonly toParent: readonly Float64Array[];
}

/** Moments of the parent from charges on the skeleton of the child at one of its corners. */
function parentMoments(child: Skeleton, parent: Skeleton, corner: number): Float64Array {
  const { data, dims } = child.points;
  const out = new Float64Array(parent.rank * child.rank);
  const point = new Float64Array(dims);
  const column = new Float64Array(parent.rank);
  for (let l = 0; l < child.rank; l++) {
    for (let c = 0; c < dims; c++)
      point[c] = data[l * dims + c] / 2 + (((corner >> c) & 1) === 1 ? 0.25 : -0.25);
    parent.moments(point, column, 0);
    for (let m = 0; m < parent.rank; m++) out[m * child.rank + l] = column[m];
  }
  return out;
}

/** Levels with the ways to their parents; `skeletons[l]` is undefined above the first that is needed. */
export function levelBases(
  skeletons: readonly (Skeleton | undefined)[],
  dims: number,
): (LevelBasis | undefined)[] {
  const corners = Array.from({ length: 2 ** dims }, (_, corner) => corner);
  const known = new Map<Skeleton, { readonly parent: Skeleton; readonly matrices: Float64Array[] }>();
  return skeletons.map((skeleton, level) => {
    if (!skeleton) return undefined;
    const parent = skeletons[level - 1];
    if (!parent) return { skeleton, toParent: [] };
    const kept = known.get(skeleton);
    if (kept?.parent === parent) return { skeleton, toParent: kept.matrices };
    const matrices = corners.map((corner) => parentMoments(skeleton, parent, corner));
    known.set(skeleton, { parent, matrices });
    return { skeleton, toParent: matrices };
  });
}

/** K(h (y_l + offset − y'_l)) from the source skeleton to the target skeleton, `[target rank, source rank]`. */
export function farMatrix(
  kernel: DifferenceKernel,
  h: number,
  offset: readonly number[],
  target: Skeleton,
  source: Skeleton,
): Float64Array {
  const { dims } = kernel;
  const of = scaledKernel(kernel, h);
  const out = new Float64Array(target.rank * source.rank);
  const x = new Float64Array(dims);
  for (let i = 0, at = 0; i < target.rank; i++) {
    for (let c = 0; c < dims; c++) x[c] = target.points.data[i * dims + c] + offset[c];
    for (let j = 0; j < source.rank; j++, at++)
      out[at] = of(x, source.points.data.subarray(j * dims, (j + 1) * dims));
  }
  return out;
}
