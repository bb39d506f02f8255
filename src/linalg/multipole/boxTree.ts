// Points sorted into a tree of boxes: a cube is halved along every axis as long as it holds too many.

import type { PointSet } from "./empiricalInterpolation.ts";

/** The cube that all boxes come from. */
export interface Cube {
  readonly corner: Float64Array;
  readonly side: number;
}

/** Boxes by levels, the cube first; empty ones are left out. Points of a box lie together in `order`. */
export interface BoxTree {
  readonly cube: Cube;
  /** Numbers of the points, box by box. */
  readonly order: Int32Array;
  /** Coordinates in that order. */
  readonly points: PointSet;
  /** Where each level begins, and the number of boxes at the end. */
  readonly levelStart: readonly number[];
  /** Place of each box in the grid of its level, `dims` numbers. */
  readonly place: Int32Array;
  readonly parent: Int32Array;
  /** Children are neighbours: the first, and how many (0 for leaves). */
  readonly firstChild: Int32Array;
  readonly children: Uint8Array;
  /** Which corner of its parent a box is: bit c for the upper half of axis c. */
  readonly corner: Uint8Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
}

/** Halving ends here: points that coincide can not be told apart. */
const DEEPEST = 24;

/** A cube around all points, a little larger than they need. */
export function cubeAround(sets: readonly PointSet[], dims: number): Cube {
  const low = new Float64Array(dims).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(dims).fill(Number.NEGATIVE_INFINITY);
  for (const { data } of sets)
    for (let i = 0; i < data.length; i++) {
      const c = i % dims;
      if (data[i] < low[c]) low[c] = data[i];
      if (data[i] > high[c]) high[c] = data[i];
    }
  let side = 0;
  for (let c = 0; c < dims; c++) side = Math.max(side, high[c] - low[c]);
  if (!(side > 0)) side = 1;
  side *= 1 + 1e-12;
  return { corner: low.map((value, c) => (value + high[c] - side) / 2), side };
}

/** Sorts points into boxes of at most `leafSize`. O(n · depth). */
export function boxTree(given: PointSet, cube: Cube, leafSize: number): BoxTree {
  const { data, count, dims } = given;
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const moved = new Int32Array(count);
  const ways = 2 ** dims;
  const place: number[] = new Array<number>(dims).fill(0);
  const parent = [-1];
  const firstChild = [0];
  const children = [0];
  const corner = [0];
  const start = [0];
  const end = [count];
  const levelStart = [0, 1];
  const octant = new Uint8Array(count);
  const places = new Int32Array(ways + 1);
  for (let level = 0; level < DEEPEST; level++) {
    const size = cube.side / 2 ** level;
    const [from, to] = [levelStart[level], levelStart[level + 1]];
    for (let box = from; box < to; box++) {
      const [first, last] = [start[box], end[box]];
      if (last - first <= leafSize) continue;
      places.fill(0);
      for (let p = first; p < last; p++) {
        const at = order[p] * dims;
        let which = 0;
        for (let c = 0; c < dims; c++) {
          const middle = cube.corner[c] + (place[box * dims + c] + 0.5) * size;
          if (data[at + c] >= middle) which |= 1 << c;
        }
        octant[p] = which;
        places[which + 1]++;
      }
      for (let w = 0; w < ways; w++) places[w + 1] += places[w];
      firstChild[box] = start.length;
      for (let w = 0; w < ways; w++) {
        if (places[w] === places[w + 1]) continue;
        children[box]++;
        parent.push(box);
        firstChild.push(0);
        children.push(0);
        corner.push(w);
        start.push(first + places[w]);
        end.push(first + places[w + 1]);
        for (let c = 0; c < dims; c++) place.push(2 * place[box * dims + c] + ((w >> c) & 1));
      }
      const next = places.slice();
      for (let p = first; p < last; p++) moved[first + next[octant[p]]++] = order[p];
      order.set(moved.subarray(first, last), first);
    }
    if (start.length === to) break;
    levelStart.push(start.length);
  }
  const sorted = new Float64Array(data.length);
  for (let p = 0; p < count; p++)
    for (let c = 0; c < dims; c++) sorted[p * dims + c] = data[order[p] * dims + c];
  return {
    cube,
    order,
    points: { data: sorted, count, dims },
    levelStart,
    place: Int32Array.from(place),
    parent: Int32Array.from(parent),
    firstChild: Int32Array.from(firstChild),
    children: Uint8Array.from(children),
    corner: Uint8Array.from(corner),
    start: Int32Array.from(start),
    end: Int32Array.from(end),
  };
}

/** Coordinates of the points of a box from its middle, in units of its side. */
export function localPoints(tree: BoxTree, level: number, box: number): Float64Array {
  const { cube, points, place, start, end } = tree;
  const { data, dims } = points;
  const size = cube.side / 2 ** level;
  const out = new Float64Array((end[box] - start[box]) * dims);
  for (let p = start[box], at = 0; p < end[box]; p++)
    for (let c = 0; c < dims; c++, at++)
      out[at] = (data[p * dims + c] - cube.corner[c]) / size - place[box * dims + c] - 0.5;
  return out;
}
