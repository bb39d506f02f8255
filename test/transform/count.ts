import { type Primitive, primitives } from "polyadic";

/** How many primitives a computation evaluates. */
export function countEvaluations(run: () => unknown): number {
  let count = 0;
  const records = [...primitives.values()] as unknown as { evaluate: Primitive<unknown>["evaluate"] }[];
  const originals = records.map(({ evaluate }) => evaluate);
  records.forEach((record, i) => {
    record.evaluate = (...args) => {
      count++;
      return originals[i]!.call(record, ...args);
    };
  });
  try {
    run();
  } finally {
    records.forEach((record, i) => {
      record.evaluate = originals[i]!;
    });
  }
  return count;
}
