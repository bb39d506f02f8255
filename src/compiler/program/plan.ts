// Where buffers lie in the arena. A buffer is alive from the first to the last step that touches it; buffers that are
// never alive at once may share bytes.

import { align } from "../../device/wasm/memory.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Buffer, bufferOf, rootOf } from "./buffers.ts";
import { loadsOf } from "./expressions.ts";
import type { Kernel, Program, Step } from "./steps.ts";

/** The places that a step reads and writes. */
export function placesOf(step: Kernel): readonly Tensor[] {
  switch (step.kind) {
    case "map":
      return [...step.outputs.map(({ place }) => place), ...loadsOf(step.outputs.map(({ value }) => value))];
    case "fold":
      return [step.place, ...loadsOf([step.value])];
    case "rows":
      return [...step.wholes.values()];
    case "contract":
      return [step.place, ...step.operands];
    case "host":
      return [...step.places, ...step.operands];
  }
}

export interface Plan {
  /** Byte offset of each root buffer, by its number. */
  readonly offsets: ReadonlyMap<number, number>;
  readonly bytes: number;
}

interface Life {
  readonly buffer: Buffer;
  first: number;
  last: number;
}

/** A range of steps that runs many times. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** First fit by falling size: O(n²) for n buffers. */
export function planArena(program: Program): Plan {
  const { touches, loops } = walk(program);
  const lives = [...touches.values()].map(({ buffer, times }): Life => {
    const life = { buffer, first: Math.min(...times), last: Math.max(...times) };
    // What is touched inside of a loop and outside of it must survive every turn.
    for (const { start, end: stop } of loops) {
      const inside = times.some((time) => time >= start && time <= stop);
      const outside = times.some((time) => time < start || time > stop);
      if (inside && outside) {
        life.first = Math.min(life.first, start);
        life.last = Math.max(life.last, stop);
      }
    }
    return life;
  });
  const offsets = new Map<number, number>();
  const placed: { life: Life; offset: number; bytes: number }[] = [];
  let total = 0;
  for (const life of lives.sort((a, b) => b.buffer.bytes - a.buffer.bytes || a.first - b.first)) {
    const bytes = align(life.buffer.bytes);
    const rivals = placed
      .filter(({ life: other }) => other.first <= life.last && life.first <= other.last)
      .sort((a, b) => a.offset - b.offset);
    let offset = 0;
    for (const rival of rivals) {
      if (offset + bytes <= rival.offset) break;
      offset = Math.max(offset, rival.offset + rival.bytes);
    }
    placed.push({ life, offset, bytes });
    offsets.set(life.buffer.id, offset);
    total = Math.max(total, offset + bytes);
  }
  return { offsets, bytes: total };
}

/** When each root buffer is touched, and which ranges of steps are loops. */
function walk(program: Program): {
  touches: Map<number, { buffer: Buffer; times: number[] }>;
  loops: Range[];
} {
  const touches = new Map<number, { buffer: Buffer; times: number[] }>();
  const loops: Range[] = [];
  let time = 0;
  const touch = (place: Tensor): void => {
    const buffer = bufferOf(place);
    if (!buffer) return;
    const root = rootOf(buffer);
    const found = touches.get(root.id);
    if (found) found.times.push(time);
    else touches.set(root.id, { buffer: root, times: [time] });
  };
  program.inputs.forEach(touch);
  for (const { place } of program.constants) touch(place);
  const visit = (steps: readonly Step[]): void => {
    for (const step of steps) {
      time++;
      if (step.kind === "loop" || step.kind === "while") {
        const start = time;
        if (step.kind === "while") {
          visit(step.condition);
          touch(step.test);
        }
        visit(step.body);
        time++;
        loops.push({ start, end: time });
      } else if (step.kind === "branch") {
        touch(step.index);
        step.branches.forEach(visit);
      } else placesOf(step).forEach(touch);
    }
  };
  visit(program.steps);
  time++;
  program.outputs.forEach(touch);
  return { touches, loops };
}
