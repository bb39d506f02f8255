// Maps and reductions over the rows of one matrix, joined row by row: softmax, layer normalisation and their like then
// read a row while it is in the cache, and what only their own steps need shrinks to a single row. Found by what the
// steps read and write, not by what they compute.

import { type Shape, sameShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Buffers, bufferOf, rootOf } from "./buffers.ts";
import { type Expression, loadsOf, mapLoads } from "./expressions.ts";
import { placesOf } from "./plan.ts";
import type { FoldStep, MapStep, Program, RowsStep, Step } from "./steps.ts";

type RowStep = MapStep | FoldStep;

/** Rows of this many bytes still fit into the first-level cache together with a few others. */
const LONGEST_ROW = 8192;

/** The axes that a reduction leaves, when it takes all axes behind them. */
function leadOf(step: RowStep): Shape | null {
  if (step.kind !== "fold") return null;
  const first = step.axes[0]!;
  return first + step.axes.length === step.shape.length && first > 0 ? step.shape.slice(0, first) : null;
}

/** Whether a step can run one row at a time, for rows numbered by `lead`. */
function hasRows(step: Step, lead: Shape): step is RowStep {
  if (step.kind !== "map" && step.kind !== "fold") return false;
  if (!sameShape(step.shape.slice(0, lead.length), lead)) return false;
  if (sizeOf(step.shape.slice(lead.length)) > LONGEST_ROW) return false;
  return step.kind === "map" || step.axes[0]! >= lead.length;
}

const idOf = (place: Tensor): number => rootOf(bufferOf(place)!).id;
const written = (step: RowStep): Tensor[] =>
  step.kind === "map" ? step.outputs.map(({ place }) => place) : [step.place];
const read = (step: RowStep): Tensor[] =>
  loadsOf(step.kind === "map" ? step.outputs.map(({ value }) => value) : [step.value]);

/** Whether row r of a place holds what was written to row r of another. */
function isAligned(place: Tensor, source: Tensor, lead: Shape): boolean {
  return lead.every((length, axis) => length === 1 || place.strides[axis] === source.strides[axis]);
}

/** Joins runs of steps that share their rows; at least one of them must be a reduction. */
export function joinRows(program: Program, buffers: Buffers): Program {
  const outside = new Map<number, number>();
  const count = (place: Tensor): void => {
    const buffer = bufferOf(place);
    if (buffer) outside.set(rootOf(buffer).id, (outside.get(rootOf(buffer).id) ?? 0) + 1);
  };
  program.outputs.forEach(count);
  const visit = (steps: readonly Step[]): void => {
    for (const step of steps) {
      if (step.kind === "loop") visit(step.body);
      else if (step.kind === "while") {
        visit(step.condition);
        visit(step.body);
        count(step.test);
      } else if (step.kind === "branch") {
        count(step.index);
        step.branches.forEach(visit);
      } else placesOf(step).forEach(count);
    }
  };
  visit(program.steps);
  const join = (steps: readonly Step[]): Step[] => {
    const result: Step[] = [];
    for (let i = 0; i < steps.length; ) {
      const run = longestRun(steps, i);
      if (run.steps.length > 1) {
        result.push(rowsStep(run.steps, run.lead, outside, buffers));
        i += run.steps.length;
        continue;
      }
      const step = steps[i++]!;
      if (step.kind === "loop") result.push({ ...step, body: join(step.body) });
      else if (step.kind === "while")
        result.push({ ...step, condition: join(step.condition), body: join(step.body) });
      else if (step.kind === "branch") result.push({ ...step, branches: step.branches.map(join) });
      else result.push(step);
    }
    return result;
  };
  return { ...program, steps: join(program.steps) };
}

/** The longest run from a step on that shares the rows of its first reduction. */
function longestRun(steps: readonly Step[], from: number): { steps: RowStep[]; lead: Shape } {
  // The reduction says what a row is; maps before it come along when they fit.
  for (let at = from; at < steps.length && at < from + 4; at++) {
    const step = steps[at]!;
    if (step.kind !== "map" && step.kind !== "fold") break;
    const lead = leadOf(step);
    if (!lead || sizeOf(lead) < 2) continue;
    const run: RowStep[] = [];
    for (let i = from; i < steps.length; i++) {
      const next = steps[i]!;
      if (!hasRows(next, lead) || !fits(run, next, lead)) break;
      run.push(next);
    }
    return run.length > at - from ? { steps: run, lead } : { steps: [], lead };
  }
  return { steps: [], lead: [] };
}

/** Whether a step reads what the run writes only row by row. */
function fits(run: readonly RowStep[], next: RowStep, lead: Shape): boolean {
  const sources = new Map(run.flatMap(written).map((place) => [idOf(place), place]));
  const isRowWise = read(next).every((place) => {
    const source = sources.get(idOf(place));
    return !source || (place.storage === source.storage && isAligned(place, source, lead));
  });
  // Nothing that an earlier step of the run reads may be overwritten.
  const reads = new Set(run.flatMap(read).map(idOf));
  return isRowWise && written(next).every((place) => !reads.has(idOf(place)) && !sources.has(idOf(place)));
}

function rowsStep(
  run: readonly RowStep[],
  lead: Shape,
  outside: ReadonlyMap<number, number>,
  buffers: Buffers,
): RowsStep {
  const inside = new Map<number, number>();
  for (const step of run)
    for (const place of placesOf(step)) inside.set(idOf(place), (inside.get(idOf(place)) ?? 0) + 1);
  // What nobody else touches needs no more than one row.
  const single = new Map<number, Tensor>();
  for (const place of run.flatMap(written)) {
    const id = idOf(place);
    if (outside.get(id) !== inside.get(id) || bufferOf(place)!.within) continue;
    single.set(id, buffers.allocate({ shape: place.shape.slice(lead.length), dtype: place.dtype }));
  }
  const wholes = new Map<Tensor, Tensor>();
  const rows = new Map<Tensor, Tensor>();
  /** One row of a place, and the place itself (repeated in place of all rows where one is enough). */
  const rowOf = (place: Tensor): Tensor => {
    const known = rows.get(place);
    if (known) return known;
    const own = single.get(idOf(place));
    const { storage, offset } = own ?? place;
    const strides = place.strides.slice(lead.length);
    const row = new Tensor(storage, place.shape.slice(lead.length), place.dtype, strides, offset);
    const leading = own ? lead.map(() => 0) : place.strides.slice(0, lead.length);
    rows.set(place, row);
    wholes.set(row, new Tensor(storage, place.shape, place.dtype, [...leading, ...strides], offset));
    return row;
  };
  const move = (value: Expression): Expression =>
    mapLoads(value, (leaf) => ({ ...leaf, place: rowOf(leaf.place) }))!;
  const shared = new Map<Expression, Expression>();
  const moved = (value: Expression): Expression => {
    let result = shared.get(value);
    if (!result) {
      result = move(value);
      shared.set(value, result);
    }
    return result;
  };
  const steps = run.map((step): RowStep => {
    const shape = step.shape.slice(lead.length);
    if (step.kind === "map")
      return {
        ...step,
        shape,
        outputs: step.outputs.map(({ place, value }) => ({ place: rowOf(place), value: moved(value) })),
      };
    const axes = step.axes.map((axis) => axis - lead.length);
    return { ...step, shape, axes, value: moved(step.value), place: rowOf(step.place) };
  });
  return { kind: "rows", lead, steps, wholes };
}
