// Which boxes meet how: two trees are walked together, level by level, from the cube down.

import type { BoxTree } from "./boxTree.ts";

/** Pairs of boxes of one level and one offset: a product of matrices serves them all. */
export interface FarPairs {
  readonly level: number;
  /** Place of the target box minus that of the source box, `dims` numbers of −3 to 3. */
  readonly offset: readonly number[];
  readonly targets: Int32Array;
  readonly sources: Int32Array;
}

export interface Interactions {
  readonly far: readonly FarPairs[];
  /** Boxes whose points meet one by one. */
  readonly nearTargets: Int32Array;
  readonly nearSources: Int32Array;
  /** The first level with far pairs; Infinity where there are none. */
  readonly firstLevel: number;
}

/** Far offsets are at most 3 boxes, because the parents are neighbours. */
const REACH = 7;

/**
 * Boxes of one level that do not touch meet as wholes; those that touch are opened where both have children, and meet
 * point by point where one has none. O(boxes · 6^d).
 */
export function interactions(targets: BoxTree, sources: BoxTree): Interactions {
  const { dims } = targets.points;
  const far = new Map<number, { readonly t: number[]; readonly s: number[] }>();
  const nearTargets: number[] = [];
  const nearSources: number[] = [];
  const stack = [0, 0, 0];
  while (stack.length > 0) {
    const level = stack.pop()!;
    const s = stack.pop()!;
    const t = stack.pop()!;
    let code = level;
    let isFar = false;
    for (let c = 0; c < dims; c++) {
      const step = targets.place[t * dims + c] - sources.place[s * dims + c];
      if (step > 1 || step < -1) isFar = true;
      code = code * REACH + step + 3;
    }
    if (isFar) {
      let pairs = far.get(code);
      if (!pairs) {
        pairs = { t: [], s: [] };
        far.set(code, pairs);
      }
      pairs.t.push(t);
      pairs.s.push(s);
    } else if (targets.children[t] === 0 || sources.children[s] === 0) {
      nearTargets.push(t);
      nearSources.push(s);
    } else
      for (let i = 0; i < targets.children[t]; i++)
        for (let j = 0; j < sources.children[s]; j++)
          stack.push(targets.firstChild[t] + i, sources.firstChild[s] + j, level + 1);
  }
  const lists = [...far].map(([code, { t, s }]): FarPairs => {
    const offset: number[] = [];
    let rest = code;
    for (let c = 0; c < dims; c++) {
      offset.unshift((rest % REACH) - 3);
      rest = Math.floor(rest / REACH);
    }
    return { level: rest, offset, targets: Int32Array.from(t), sources: Int32Array.from(s) };
  });
  lists.sort((a, b) => a.level - b.level);
  return {
    far: lists,
    nearTargets: Int32Array.from(nearTargets),
    nearSources: Int32Array.from(nearSources),
    firstLevel: lists.length > 0 ? lists[0].level : Number.POSITIVE_INFINITY,
  };
}

/** The same with the roles of targets and sources exchanged. */
export const exchanged = (of: Interactions): Interactions => ({
  far: of.far.map(({ level, offset, targets, sources }) => ({
    level,
    offset: offset.map((step) => -step),
    targets: sources,
    sources: targets,
  })),
  nearTargets: of.nearSources,
  nearSources: of.nearTargets,
  firstLevel: of.firstLevel,
});
