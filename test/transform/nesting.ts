// The rules of one primitive under each other: they must be made of primitives, for a transform may run inside another.
import type { Tensor } from "polyadic";
import { stack } from "polyadic/ops";
import type { Series, Tangent } from "../../src/ops/primitive.ts";
import { zerosLike } from "../../src/ops/rules.ts";
import { batchFlat } from "../../src/transform/traces/batching.ts";
import { jvpFlat } from "../../src/transform/traces/forward.ts";
import { linearizeFlat, pullTape } from "../../src/transform/traces/tape.ts";
import { jetFlat } from "../../src/transform/traces/taylor.ts";
import {
  describe,
  directions,
  expectClose,
  type FlatFunction,
  functionOf,
  largest,
  movingOperands,
  numbersLike,
  type Subject,
} from "./checks.ts";
import { numbersOf, pairing, randomLike, wideDType } from "./numbers.ts";
import { drawOperands, randomNumbers } from "./operands.ts";

/** Re Σ aᵢ·bᵢ over the pairs that are there. */
function totalPairing(a: readonly Tangent[], b: readonly Tangent[]): { value: number; size: number } {
  const total = { value: 0, size: 0 };
  a.forEach((x, i) => {
    const y = b[i];
    if (!x || !y) return;
    const { value, size } = pairing(x, y);
    total.value += value;
    total.size += size;
  });
  return total;
}

function expectBalanced(
  left: ReturnType<typeof totalPairing>,
  right: ReturnType<typeof totalPairing>,
  tolerance: number,
  what: string,
): void {
  const scale = Math.max(1, left.size, right.size);
  expectClose(Float64Array.of(left.value), Float64Array.of(right.value), tolerance, scale, what);
}

/**
 * Along one direction v: forward mode twice against Taylor mode, reverse mode against forward mode, forward mode over
 * reverse mode against forward mode twice, and both modes over a batch against single examples.
 */
export function checkNesting(subject: Subject): void {
  const { example, dtype } = subject;
  if (wideDType(dtype) !== dtype || example.exactParams !== undefined) return;
  const inputs = drawOperands(example, dtype, 10);
  const moving = movingOperands(example, inputs);
  if (moving.length === 0) return;
  const random = randomNumbers(11);
  const what = describe(subject);
  const f = functionOf(subject);
  const v = directions(inputs, moving, random);

  const push: FlatFunction = (xs) =>
    jvpFlat(f, xs, v).map(({ primal, tangent }) => tangent ?? zerosLike(primal));
  const pushed = push(inputs);
  const twice = jvpFlat(push, inputs, v);
  const curves = inputs.map((x, i): Series => [x, v[i]!, null]);
  jetFlat(f, curves, 2).forEach(([value, , second], i) => {
    const numbers = numbersLike(twice[i]!.tangent, value, `${what}, second derivative`);
    const expected = numbersLike(second ?? null, value, `${what}, second coefficient`).map((c) => 2 * c);
    expectClose(numbers, expected, 1e-9, Math.max(1, largest(expected)), `${what}, second derivative`);
  });

  const c = pushed.map((tangent) => randomLike(tangent, random));
  const isActive = v.map((direction) => direction !== null);
  const active = v.filter((direction) => direction !== null);
  const pull: FlatFunction = (xs) =>
    pullTape(linearizeFlat(f, xs, isActive, "check"), c).map((pulled, i) => pulled ?? zerosLike(active[i]!));
  expectBalanced(totalPairing(pull(inputs), active), totalPairing(c, pushed), 1e-13, `${what}, reverse mode`);
  expectBalanced(
    totalPairing(
      jvpFlat(pull, inputs, v).map(({ tangent }) => tangent),
      active,
    ),
    totalPairing(
      c,
      twice.map(({ tangent }) => tangent),
    ),
    1e-10,
    `${what}, forward over reverse mode`,
  );

  const draws = [12, 13].map((seed) => drawOperands(example, dtype, seed));
  checkBatched(push, draws, `${what}, batch of forward mode`);
  checkBatched(pull, draws, `${what}, batch of reverse mode`);
}

/** A function of all examples at once against one example after the other. */
function checkBatched(f: FlatFunction, draws: readonly (readonly Tensor[])[], what: string): void {
  const inputs = draws[0]!.map((_, i) => stack(draws.map((draw) => draw[i]!)));
  const isBatched = inputs.map(() => true);
  const results = batchFlat(f, inputs, isBatched, draws.length);
  draws.forEach((draw, k) => {
    f(draw).forEach((single, i) => {
      const { value, isBatched } = results[i]!;
      const expected = numbersOf(single);
      const numbers = numbersOf(isBatched ? value.at(k) : value);
      expectClose(numbers, expected, 1e-12, Math.max(1, largest(expected)), what);
    });
  });
}
