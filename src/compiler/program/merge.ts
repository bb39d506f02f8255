// Passes over memory joined into one.

import { sameShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { bufferOf, rootOf } from "./buffers.ts";
import { type Expression, loadsOf, mapLoads } from "./expressions.ts";
import { floatTypeOf } from "./kernels.ts";
import type { MapStep, Step } from "./steps.ts";

/** More results than this from one pass would not fit into registers. */
const MOST_OUTPUTS = 8;

/**
 * Adds a map to a list of steps: as part of an earlier map over the same shape where nothing that it reads is
 * written in between, so that what that map computes is read from registers. With `isTight` only the last step counts.
 */
export function mergeMap(steps: Step[], step: MapStep, isTight: boolean): void {
  const reads = loadsOf(step.outputs.map(({ value }) => value));
  const writes = step.outputs.map(({ place }) => place);
  for (let at = steps.length - 1; at >= 0; at--) {
    const earlier = steps[at]!;
    // What runs earlier takes memory for longer.
    if (isTight && at < steps.length - 1) break;
    if (earlier.kind === "map" && canJoin(earlier, step, reads)) {
      steps[at] = joined(earlier, step);
      return;
    }
    // Nothing may be moved over a step that writes what it reads, or touches what it writes.
    if (earlier.kind !== "map" && earlier.kind !== "fold" && earlier.kind !== "contract") break;
    const touched = touchedBy(earlier);
    if (reads.some((place) => touched.written.has(idOf(place)))) break;
    if (writes.some((place) => touched.written.has(idOf(place)) || touched.read.has(idOf(place)))) break;
  }
  steps.push(step);
}

const idOf = (place: Tensor): number => rootOf(bufferOf(place)!).id;

function touchedBy(step: Step): { written: Set<number>; read: Set<number> } {
  const ids = (places: readonly Tensor[]): Set<number> => new Set(places.map(idOf));
  if (step.kind === "map")
    return {
      written: ids(step.outputs.map(({ place }) => place)),
      read: ids(loadsOf(step.outputs.map(({ value }) => value))),
    };
  if (step.kind === "fold") return { written: ids([step.place]), read: ids(loadsOf([step.value])) };
  if (step.kind === "contract") return { written: ids([step.place]), read: ids(step.operands) };
  return { written: new Set(), read: new Set() };
}

/** Results of the earlier map may be read only at the element that is being computed. */
function canJoin(earlier: MapStep, step: MapStep, reads: readonly Tensor[]): boolean {
  if (earlier.outputs.length + step.outputs.length > MOST_OUTPUTS) return false;
  if (!sameShape(earlier.shape, step.shape)) return false;
  if (sizeOf(step.shape) > 1 && !shareLanes(earlier, step)) return false;
  const written = new Map(earlier.outputs.map(({ place }) => [idOf(place), place]));
  for (const place of reads) {
    const source = written.get(idOf(place));
    if (source && !isSame(source, place)) return false;
  }
  const earlierReads = loadsOf(earlier.outputs.map(({ value }) => value));
  // What the later map overwrites must not be needed by the earlier one.
  return step.outputs.every(
    ({ place }) => earlierReads.every((read) => idOf(read) !== idOf(place)) && !written.has(idOf(place)),
  );
}

const isSame = (a: Tensor, b: Tensor): boolean =>
  a.storage === b.storage && a.offset === b.offset && b.isContiguous && sameShape(a.shape, b.shape);

/** Whether both run on vectors of one type, or both on elements. */
function shareLanes(a: MapStep, b: MapStep): boolean {
  const [x, y] = [floatOf(a), floatOf(b)];
  return !(x && y && x !== y) && runsOnVectors(a) === runsOnVectors(b);
}

const runsOnVectors = ({ outputs }: MapStep): boolean =>
  floatTypeOf(outputs.map(({ value }) => value)) !== null;

/** The float type of a map's lanes; undefined when it only handles bools. */
function floatOf({ outputs }: MapStep): string | undefined {
  for (const { value } of outputs) {
    const dtype = dtypeOf(value);
    if (dtype) return dtype;
  }
  return undefined;
}

function dtypeOf(value: Expression): string | undefined {
  if (value.dtype !== "bool") return value.dtype;
  if (value.kind !== "apply") return undefined;
  for (const arg of value.args) {
    const dtype = dtypeOf(arg);
    if (dtype) return dtype;
  }
  return undefined;
}

function joined(earlier: MapStep, step: MapStep): MapStep {
  const known = new Map(earlier.outputs.map(({ place, value }) => [place.storage, value]));
  const outputs = step.outputs.map(({ place, value }) => ({
    place,
    value: mapLoads(value, (leaf) => known.get(leaf.place.storage) ?? leaf)!,
  }));
  return { ...earlier, outputs: [...earlier.outputs, ...outputs] };
}
