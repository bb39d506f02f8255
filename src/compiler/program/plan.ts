// Where buffers lie in the arena. A buffer is alive from the first to the last step that touches it; buffers that are
// never alive at once may share bytes, and a result may take the place of an operand that dies where it is born.

import { align } from "../../device/wasm/memory.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Buffer, bufferOf, rootOf } from "./buffers.ts";
import { loadsOf } from "./expressions.ts";
import { overwrites } from "./overwrite.ts";
import type { Kernel, MapStep, Program, Step } from "./steps.ts";

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

/** Buffers that lie at one place, one after the other, and the times of the first and the last touch. */
interface Life {
  readonly ids: readonly number[];
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** A range of steps that runs many times. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** The smaller of two plans: with results that overwrite operands, and without. O(n²) for n buffers. */
export function planArena(program: Program): Plan {
  const { touches, loops, maps } = walk(program);
  const lives = new Map([...touches].map(([id, touch]) => [id, lifeOf(id, touch, loops)]));
  const apart = [...lives.values()];
  const joined = joinLives(lives, maps);
  const plan = firstFit(joined);
  if (joined.length === apart.length) return plan;
  const other = firstFit(apart);
  return other.bytes < plan.bytes ? other : plan;
}

interface Touch {
  readonly buffer: Buffer;
  readonly times: number[];
}

function lifeOf(id: number, { buffer, times }: Touch, loops: readonly Range[]): Life {
  let first = Math.min(...times);
  let last = Math.max(...times);
  // What is touched inside of a loop and outside of it must survive every turn.
  for (const { start, end } of loops) {
    const inside = times.some((time) => time >= start && time <= end);
    const outside = times.some((time) => time < start || time > end);
    if (inside && outside) {
      first = Math.min(first, start);
      last = Math.max(last, end);
    }
  }
  return { ids: [id], bytes: align(buffer.bytes), first, last };
}

/** Lives in which every result that may overwrite an operand does. */
function joinLives(lives: ReadonlyMap<number, Life>, maps: readonly TimedMap[]): Life[] {
  /** The life that each buffer has become a part of. */
  const current = new Map(lives);
  for (const { step, time } of maps) {
    const dies = (id: number): boolean => current.get(id)!.last === time;
    const isBorn = (id: number): boolean => lives.get(id)!.first === time;
    for (const { operand, result } of overwrites(step, dies, isBorn)) {
      const before = current.get(operand)!;
      const after = current.get(result)!;
      const joined: Life = {
        ids: [...before.ids, ...after.ids],
        bytes: Math.max(before.bytes, after.bytes),
        first: before.first,
        last: after.last,
      };
      for (const id of joined.ids) current.set(id, joined);
    }
  }
  return [...new Set(current.values())];
}

/** First fit by falling size. */
function firstFit(lives: readonly Life[]): Plan {
  const offsets = new Map<number, number>();
  const placed: { life: Life; offset: number }[] = [];
  let total = 0;
  for (const life of [...lives].sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    const rivals = placed
      .filter(({ life: other }) => other.first <= life.last && life.first <= other.last)
      .sort((a, b) => a.offset - b.offset);
    let offset = 0;
    for (const rival of rivals) {
      if (offset + life.bytes <= rival.offset) break;
      offset = Math.max(offset, rival.offset + rival.life.bytes);
    }
    placed.push({ life, offset });
    for (const id of life.ids) offsets.set(id, offset);
    total = Math.max(total, offset + life.bytes);
  }
  return { offsets, bytes: total };
}

interface TimedMap {
  readonly step: MapStep;
  readonly time: number;
}

/** When each root buffer is touched, which ranges of steps are loops, and when maps run. */
function walk(program: Program): {
  touches: Map<number, Touch>;
  loops: Range[];
  maps: TimedMap[];
} {
  const touches = new Map<number, Touch>();
  const loops: Range[] = [];
  const maps: TimedMap[] = [];
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
      } else {
        placesOf(step).forEach(touch);
        if (step.kind === "map") maps.push({ step, time });
      }
    }
  };
  visit(program.steps);
  time++;
  program.outputs.forEach(touch);
  return { touches, loops, maps };
}
