// Loop nests over strided places: which axes walk as one, and the code of the loops around the innermost one.

import { type FunctionBuilder, get, i32, type Node, op } from "../../device/wasm/assembler.ts";
import type { Shape } from "../../tensor/shape.ts";

/** One loop: its length, and how many bytes each place moves per turn. */
export interface Axis {
  readonly length: number;
  readonly steps: readonly number[];
}

/** Neighbouring axes along which every place walks evenly become one; axes of length 1 vanish. */
export function collapse(shape: Shape, steps: readonly Shape[]): Axis[] {
  const axes: Axis[] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const own = steps.map((strides) => strides[axis]!);
    const outer = axes.at(-1);
    if (outer?.steps.every((step, i) => step === own[i]! * length))
      axes[axes.length - 1] = { length: outer.length * length, steps: own };
    else axes.push({ length, steps: own });
  });
  return axes;
}

/** Runs `inner` for every combination of indices, with the addresses that the places have there. */
export function loops(
  f: FunctionBuilder,
  axes: readonly Axis[],
  starts: readonly Node[],
  inner: (addresses: readonly Node[]) => void,
  /** Turns of the first loop, when not all. */
  range?: { readonly from: Node; readonly to: Node },
): void {
  const [axis, ...rest] = axes;
  if (!axis) {
    inner(starts);
    return;
  }
  const index = f.local("i32");
  f.set(index, range?.from ?? i32(0));
  f.for(index, range?.to ?? i32(axis.length), i32(1), () => {
    const addresses = starts.map((start, i) => {
      const step = axis.steps[i]!;
      return step === 0 ? start : f.let(op("i32.add", start, op("i32.mul", get(index), i32(step))));
    });
    loops(f, rest, addresses, inner);
  });
}
