// Cycles through a hierarchy of levels, and the primitive that applies them to tensors.

import { bindOne } from "../../ops/bind.ts";
import { definePrimitive, type Primitive } from "../../ops/primitive.ts";
import { linear } from "../../ops/rules.ts";
import { allocate } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkFinite } from "../base/arguments.ts";
import { asColumns } from "../base/leading.ts";
import type { RealRows } from "../direct/incompleteKernel.ts";
import { multiplyVector } from "../kernels/product.ts";
import type { Smoother } from "./smoothers.ts";

export interface CycleLevel {
  readonly a: RealRows;
  readonly smooth: Smoother;
  /** To this level from the next coarser one, and back. */
  readonly prolongation: RealRows;
  readonly restriction: RealRows;
}

export interface Hierarchy {
  readonly levels: readonly CycleLevel[];
  /** Visits of the next coarser level: 1 for a V cycle, 2 for a W cycle. */
  readonly visits: number;
  /** Smoothing steps before and after. */
  readonly steps: readonly [number, number];
  /** Solves on the coarsest level, in place. */
  readonly coarsest: (x: Float64Array) => void;
  readonly n: number;
}

interface Scratch {
  readonly residual: Float64Array;
  readonly right: Float64Array;
  readonly x: Float64Array;
  readonly fine: Float64Array;
}

const scratch = new WeakMap<CycleLevel, Scratch>();

function scratchOf(level: CycleLevel): Scratch {
  let arrays = scratch.get(level);
  if (!arrays) {
    const { rows, columns } = level.prolongation.pattern;
    arrays = {
      residual: new Float64Array(rows),
      fine: new Float64Array(rows),
      right: new Float64Array(columns),
      x: new Float64Array(columns),
    };
    scratch.set(level, arrays);
  }
  return arrays;
}

const times = ({ pattern, values }: RealRows, x: Float64Array, y: Float64Array): void =>
  multiplyVector(pattern.rows, pattern.indptr, pattern.indices, values, x, y);

/** b − A x */
function residualOf(a: RealRows, b: Float64Array, x: Float64Array, out: Float64Array): void {
  times(a, x, out);
  for (let i = 0; i < out.length; i++) out[i] = b[i] - out[i];
}

/** One cycle from level `at` down: improves x towards A x = b. */
export function cycle(hierarchy: Hierarchy, at: number, b: Float64Array, x: Float64Array): void {
  const { levels, visits, steps, coarsest } = hierarchy;
  if (at === levels.length) {
    x.set(b);
    coarsest(x);
    return;
  }
  const level = levels[at];
  const { residual, right, x: coarse, fine } = scratchOf(level);
  for (let s = 0; s < steps[0]; s++) level.smooth(b, x, false);
  residualOf(level.a, b, x, residual);
  times(level.restriction, residual, right);
  coarse.fill(0);
  // The coarsest level is solved: once is enough.
  const count = at === levels.length - 1 ? 1 : visits;
  for (let visit = 0; visit < count; visit++) cycle(hierarchy, at + 1, right, coarse);
  times(level.prolongation, coarse, fine);
  for (let i = 0; i < x.length; i++) x[i] += fine[i];
  for (let s = 0; s < steps[1]; s++) level.smooth(b, x, true);
}

export interface CycleParams {
  readonly hierarchy: Hierarchy;
  /** The adjoint of a cycle smooths in the opposite order. */
  readonly transposed: boolean;
}

/** One cycle from zero, on each column of r `[n, k]`. */
export const multigridCycleP: Primitive<CycleParams> = definePrimitive<CycleParams>({
  name: "multigridCycle",
  dtypes: ["float32", "float64"],
  abstractEval: ([r]) => [r],
  evaluate: ([r], { hierarchy, transposed }, [output]) => {
    const [n, count] = r.shape;
    const { steps } = hierarchy;
    const chosen: Hierarchy = transposed ? { ...hierarchy, steps: [steps[1], steps[0]] } : hierarchy;
    const data = r.data();
    checkFinite("multigrid: r", data);
    const out = allocate(output.dtype, r.size);
    const b = new Float64Array(n);
    const x = new Float64Array(n);
    for (let c = 0; c < count; c++) {
      for (let i = 0; i < n; i++) b[i] = data[i * count + c];
      x.fill(0);
      cycle(chosen, 0, b, x);
      for (let i = 0; i < n; i++) out[i * count + c] = x[i];
    }
    return [new Tensor(out, output.shape, output.dtype)];
  },
  ...linear(),
  transpose: ({ cotangents: [c], params, self }) => [
    bindOne(self, [c!], { ...params, transposed: !params.transposed }),
  ],
  batch: ({ inputs: [r], params, self }) => {
    const { columns, restore } = asColumns(r);
    return [restore(bindOne(self, [columns], params))];
  },
  print: ({ hierarchy: { n, levels }, transposed }) => ({ n, levels: levels.length + 1, transposed }),
});
