// Events: times at which functions of the solution change sign.

import { stack } from "../ops/join.ts";
import { asTensor } from "../ops/operands.ts";
import { brentFrom } from "../optim/scalar/roots.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import type { Segment } from "./dense.ts";
import { type Problem, scalar } from "./problem.ts";
import { unravelState } from "./state.ts";

/** Events are located as well as their times can be told apart. */
const TO_ROUNDING = { atol: 0, rtol: 2 ** -50, maxIterations: 200 };

/** A function of the solution whose zeros are sought. */
export interface OdeEvent<Y, A> {
  /** A real scalar. */
  readonly g: (t: Tensor, y: Y, args: A) => TensorLike;
  /** 1: only zeros at which g rises along the integration; -1: only where it falls; 0 (unless told): both. */
  readonly direction?: -1 | 0 | 1;
  /** Integration ends at the first such zero (`true`), or at the one of this number. False unless told. */
  readonly terminal?: boolean | number;
}

/** A zero within a step. */
interface Hit {
  readonly t: number;
  readonly event: number;
}

export class EventWatch {
  readonly times: number[][];
  readonly states: Float64Array[][];
  readonly #problem: Problem;
  readonly #events: readonly OdeEvent<unknown, unknown>[];
  readonly #values: (t: Tensor, y: Tensor, args: unknown) => Tensor;
  #last: Float64Array;

  constructor(problem: Problem, events: readonly OdeEvent<unknown, unknown>[]) {
    this.#problem = problem;
    this.#events = events;
    this.times = events.map(() => []);
    this.states = events.map(() => []);
    this.#values = problem.compileOnce((t: Tensor, y: Tensor, args: unknown) =>
      stack(
        events.map(({ g }, i) => {
          const value = asTensor(g(t, unravelState(problem.layout, y), args), `solveOde: events[${i}]`);
          if (value.size !== 1)
            throw new ShapeError(
              `solveOde: events[${i}]: a scalar was expected, got shape ${formatShape(value.shape)}`,
            );
          return value.reshape([]).astype("float64");
        }),
      ),
    );
    this.#last = this.#at(problem.t0, problem.y0);
  }

  #at(t: number, y: Float64Array): Float64Array {
    return this.#values(scalar(t), this.#problem.vector(y), this.#problem.args).data() as Float64Array;
  }

  /** Notes the zeros of an accepted step; returns where integration must end, if it must. */
  check(
    t: number,
    y: Float64Array,
    segment: () => Segment,
  ): { readonly t: number; readonly y: Float64Array } | null {
    const before = this.#last;
    const now = this.#at(t, y);
    this.#last = now;
    let inside: Segment | undefined;
    const hits: Hit[] = [];
    this.#events.forEach(({ direction = 0 }, event) => {
      const a = before[event]!;
      const b = now[event]!;
      const rises = a < 0 && b >= 0;
      const falls = a > 0 && b <= 0;
      if (!(rises ? direction >= 0 : falls && direction <= 0)) return;
      inside ??= segment();
      const { start, end, at } = inside;
      const along = at.bind(inside);
      const where =
        b === 0 ? end : brentFrom((s) => this.#at(s, along(s))[event]!, start, end, a, b, TO_ROUNDING).x;
      hits.push({ t: where, event });
    });
    hits.sort((a, b) => this.#problem.direction * (a.t - b.t));
    for (const { t: where, event } of hits) {
      const state = where === t ? y : inside!.at(where);
      this.times[event]!.push(where);
      this.states[event]!.push(state);
      const { terminal = false } = this.#events[event]!;
      if (terminal !== false && this.times[event]!.length >= Number(terminal)) return { t: where, y: state };
    }
    return null;
  }
}

/** Throws DomainError for events that are none. */
export function checkEvents(events: readonly OdeEvent<unknown, unknown>[]): void {
  events.forEach(({ g, direction = 0, terminal = false }, i) => {
    if (typeof g !== "function") throw new DomainError(`solveOde: events[${i}].g: a function was expected`);
    if (![-1, 0, 1].includes(direction))
      throw new DomainError(`solveOde: events[${i}].direction: -1, 0 or 1 was expected, got ${direction}`);
    if (typeof terminal !== "boolean" && !(Number.isInteger(terminal) && terminal > 0))
      throw new DomainError(
        `solveOde: events[${i}].terminal: a boolean or a count was expected, got ${terminal}`,
      );
  });
}
