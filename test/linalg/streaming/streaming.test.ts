import fc from "fast-check";
import { type Tensor, tensor, zeros } from "polyadic";
import {
  eigh,
  norm,
  oja,
  type StreamFold,
  streamTopEigenvector,
  topEigenvectorOfStream,
} from "polyadic/linalg";
import { type HardStreamKind, hardStream } from "polyadic/linalg/problems";
import { foldIn, key, normal, shuffle } from "polyadic/random";
import { describe, expect, it } from "vitest";
import { HeavyRows } from "../../../src/linalg/streaming/heavyRows.ts";

const topOf = (rows: Tensor): { vector: Tensor; value: number } => {
  const { values, vectors } = eigh(rows.transpose().matmul(rows));
  return { vector: vectors.at(":", -1), value: values.at(-1).item() };
};
const agreement = (a: Tensor, b: Tensor): number => a.mul(b).sum().item() ** 2;

function run<S>(fold: StreamFold<S>, rows: Tensor, seed = 1, block = 97): ReturnType<typeof fold.finish> {
  let state = fold.init(key(seed));
  for (let start = 0; start < rows.shape[0]!; start += block)
    state = fold.push(state, rows.at(`${start}:${start + block}`));
  return fold.finish(state);
}

describe("streamTopEigenvector", () => {
  it.each<HardStreamKind>(["spread", "heavy", "oja-trap"])(
    "finds the leading vector and value: %s",
    (kind) => {
      const [n, d] = [4000, 30];
      for (let i = 0; i < 4; i++) {
        const { rows } = hardStream(foldIn(key(5), i), kind, { n, d, gap: 4 });
        const top = topOf(rows);
        for (const options of [{ dimension: d, rows: n }, { dimension: d }]) {
          const result = run(streamTopEigenvector(options), rows, i);
          expect(agreement(result.vector, top.vector)).toBeGreaterThan(kind === "spread" ? 0.9 : 0.999);
          expect(result.eigenvalue / top.value).toBeGreaterThan(0.75);
          expect(result.eigenvalue / top.value).toBeLessThan(1.25);
          expect(norm(result.vector).item()).toBeCloseTo(1, 12);
          expect(result.converged).toBe(true);
        }
      }
    },
  );

  it("finds heavy rows that the light part does not see, which is lost without their storage", () => {
    const { rows, direction } = hardStream(key(2), "heavy", { n: 3000, d: 40, gap: 4, heavyRows: 3 });
    const kept = run(streamTopEigenvector({ dimension: 40, rows: 3000 }), rows);
    expect(agreement(kept.vector, direction)).toBeGreaterThan(0.999);
    expect(kept.heavyRows).toBe(3);
    const bare = run(
      streamTopEigenvector({ dimension: 40, rows: 3000, heavy: Number.POSITIVE_INFINITY }),
      rows,
    );
    expect(agreement(bare.vector, direction)).toBeLessThan(1e-20);
    expect([bare.heavyRows, bare.storedFloats]).toEqual([0, 80]);
    const few = run(streamTopEigenvector({ dimension: 40, rows: 3000, maxHeavy: 5 }), rows);
    expect(few.storedFloats).toBeLessThanOrEqual(8 * 40);
    expect(agreement(few.vector, direction)).toBeGreaterThan(0.999);
  });

  it("never stores more than d / heavy rows, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 8 }),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        fc.array(fc.double({ min: 0, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 120 }),
        fc.nat(100),
        (d, heavy, sizes, seed) => {
          const rows = normal(key(seed), [sizes.length, d]).mul(tensor(sizes).expandDims(1));
          const result = run(streamTopEigenvector({ dimension: d, heavy }), rows, seed, 7);
          expect(result.storedFloats).toBeLessThanOrEqual((Math.ceil(d / heavy) + 3) * d);
          expect(result.eigenvalue).toBeGreaterThanOrEqual(0);
          expect(Math.abs(norm(result.vector).item() - 1)).toBeLessThan(1e-9);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("hands rows on when they are heavy no longer: light rows are all counted", () => {
    // Equal rows: the first look heavy, at the end none is, and the whole energy is in one direction.
    const rows = tensor([[3, 4]]).broadcastTo([500, 2]);
    const result = run(streamTopEigenvector({ dimension: 2, rows: 500, heavy: 0.5 }), rows);
    expect(result.heavyRows).toBe(0);
    expect(agreement(result.vector, tensor([0.6, 0.8]))).toBeCloseTo(1, 12);
    expect(result.eigenvalue).toBeCloseTo(500 * 25, 6);
  });

  it("takes rows one by one as in blocks, typed arrays and float32", () => {
    const rows = hardStream(key(3), "heavy", { n: 600, d: 6, gap: 3 }).rows;
    const options = { dimension: 6, rows: 600 };
    const whole = run(streamTopEigenvector(options), rows, 1, 600);
    const single = run(streamTopEigenvector(options), rows, 1, 1);
    expect(whole.vector.sub(single.vector).abs().max().item()).toBe(0);
    const fold = streamTopEigenvector(options);
    let state = fold.init(key(1));
    for (const row of rows.toArray() as number[][]) state = fold.push(state, row);
    expect(fold.finish(state).eigenvalue).toBe(whole.eigenvalue);
    const narrow = run(streamTopEigenvector(options), rows.astype("float32"));
    expect(agreement(narrow.vector, whole.vector)).toBeCloseTo(1, 10);
  });

  it("streams shorter than a block, of zeros, of one number a row", () => {
    const short = shuffle(key(1), normal(key(0), [3, 8]));
    const found = run(streamTopEigenvector({ dimension: 8, rows: 3 }), short);
    // Three rows of eight numbers are all heavy: the answer is exact.
    expect(agreement(found.vector, topOf(short).vector)).toBeGreaterThan(0.99);
    const none = run(streamTopEigenvector({ dimension: 4 }), zeros([10, 4]));
    expect([none.eigenvalue, none.converged, none.heavyRows]).toEqual([0, false, 0]);
    expect(norm(none.vector).item()).toBeCloseTo(1, 14);
    const empty = streamTopEigenvector({ dimension: 4 });
    expect(empty.finish(empty.init(key(0))).converged).toBe(false);
    const line = run(streamTopEigenvector({ dimension: 1 }), tensor([[1], [2], [2]]));
    expect(line.eigenvalue).toBeCloseTo(9, 12);
  });

  it.each<[string, () => unknown, RegExp]>([
    ["dimension", () => streamTopEigenvector({ dimension: 0 }), /dimension must be an integer >= 1, got 0/],
    ["heavy", () => streamTopEigenvector({ dimension: 3, heavy: 0 }), /heavy must lie in \(0, 1\]/],
    ["heavier", () => streamTopEigenvector({ dimension: 3, heavy: 1.5 }), /heavy must lie in \(0, 1\]/],
    ["rows", () => streamTopEigenvector({ dimension: 3, rows: 0 }), /rows must be an integer >= 1/],
    ["blocks", () => streamTopEigenvector({ dimension: 3, blocks: 0 }), /blocks must be/],
    ["maxHeavy", () => streamTopEigenvector({ dimension: 3, maxHeavy: -1 }), /maxHeavy must be/],
    ["rate", () => oja({ dimension: 3, rate: 0 }), /rate must be finite and > 0/],
    [
      "hard kind",
      () => hardStream(key(0), "light" as HardStreamKind, { n: 3, d: 2, gap: 2 }),
      /kind must be/,
    ],
    [
      "hard n",
      () => hardStream(key(0), "heavy", { n: 3, d: 2, gap: 2 }),
      /heavyRows must be below n = 3, got 3/,
    ],
    ["hard gap", () => hardStream(key(0), "spread", { n: 3, d: 2, gap: 0 }), /gap must be finite and > 0/],
    ["hard d", () => hardStream(key(0), "spread", { n: 3, d: 0.5, gap: 2 }), /d must be a positive integer/],
  ])("throws for bad options: %s", (_, make, message) => {
    expect(make).toThrow(message);
  });

  it("throws for bad rows", () => {
    for (const fold of [
      streamTopEigenvector({ dimension: 3 }),
      oja({ dimension: 3, rate: 1 }),
    ] as StreamFold<unknown>[]) {
      const push =
        (rows: Parameters<typeof fold.push>[1]): (() => unknown) =>
        () =>
          fold.push(fold.init(key(0)), rows);
      expect(push([1, 2])).toThrow(/a row \[3\] or a block \[b, 3\] was expected, got shape \[2\]/);
      expect(push(zeros([2, 2, 3]))).toThrow(/got shape \[2, 2, 3\]/);
      expect(
        push(
          tensor([
            [1, 2, 3],
            [1, Number.NaN, 3],
          ]),
        ),
      ).toThrow(/row 1 holds a value that is not finite \(NaN\)/);
      expect(push(zeros([3], "complex128"))).toThrow(/float64 or float32, got complex128/);
    }
  });
});

describe("topEigenvectorOfStream", () => {
  const { rows, direction } = hardStream(key(9), "heavy", { n: 400, d: 10, gap: 5 });
  const list = rows.toArray() as number[][];
  it("takes iterables and async iterables", async () => {
    async function* arriving(): AsyncGenerator<Float64Array> {
      for (const row of list) yield Float64Array.from(row);
    }
    const now = await topEigenvectorOfStream(key(0), list, { dimension: 10, rows: 400 });
    const later = await topEigenvectorOfStream(key(0), arriving(), { dimension: 10, rows: 400 });
    expect(now.vector.sub(later.vector).abs().max().item()).toBe(0);
    expect(agreement(now.vector, direction)).toBeGreaterThan(0.99);
  });
  it("reports progress and stops when told", async () => {
    const seen: number[] = [];
    const blocks = [rows.at(":100"), rows.at("100:400")];
    await topEigenvectorOfStream(key(0), blocks, {
      dimension: 10,
      rows: 400,
      onProgress: ({ fraction }) => seen.push(fraction),
    });
    expect(seen).toEqual([0.25, 1]);
    const stopped = topEigenvectorOfStream(key(0), list, { dimension: 10, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toThrow(/stopped by the caller/);
    await expect(topEigenvectorOfStream(key(0), [[1]], { dimension: 10 })).rejects.toThrow(/a row \[10\]/);
  });
});

describe("oja", () => {
  it("follows a spread direction at a good rate, and falls into the trap at any", () => {
    const spread = hardStream(key(1), "spread", { n: 4000, d: 30, gap: 4 }).rows;
    const result = run(oja({ dimension: 30, rate: 3 }), spread);
    expect(agreement(result.vector, topOf(spread).vector)).toBeGreaterThan(0.9);
    expect(result.eigenvalue).toBeGreaterThan(1);
    const shares = [0.1, 0.3, 1, 3, 10, 30].map((rate) => {
      const values = Array.from({ length: 7 }, (_, i) => {
        const trap = hardStream(foldIn(key(4), i), "oja-trap", { n: 3000, d: 200, gap: 4 });
        return agreement(run(oja({ dimension: 200, rate }), trap.rows, i).vector, trap.direction);
      });
      return values.sort((a, b) => a - b)[3]!;
    });
    expect(Math.max(...shares)).toBeLessThan(0.3);
  });
  it("leaves a stream of zeros alone", () => {
    const none = run(oja({ dimension: 3, rate: 1 }), zeros([5, 3]));
    expect([none.eigenvalue, none.converged]).toEqual([0, false]);
  });
});

describe("hardStream", () => {
  it("has the energies that were asked for", () => {
    const spread = hardStream(key(0), "spread", { n: 20000, d: 8, gap: 4 });
    const along = spread.rows.matmul(spread.direction).square().sum().item();
    expect(along).toBeGreaterThan(3.8);
    expect(along).toBeLessThan(4.2);
    expect(spread.rows.square().sum().item() - along).toBeCloseTo(7, 0);
    const heavy = hardStream(key(0), "heavy", { n: 2000, d: 8, gap: 4, heavyRows: 5 });
    const parts = heavy.rows.matmul(heavy.direction).abs();
    expect(parts.greater(1e-12).astype("float64").sum().item()).toBe(5);
    expect(parts.square().sum().item()).toBeCloseTo(4, 12);
    // In random order: the carrying rows are not all at the end.
    expect(parts.at("1990:").max().item()).toBeLessThan(1e-12);
  });
});

describe("HeavyRows", () => {
  it("gives rows back from the shortest up", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 40 }), (sizes) => {
        const heap = new HeavyRows(1);
        for (const size of sizes) heap.add(Float64Array.of(size), 0, size);
        const out = sizes.map(() => {
          const least = heap.least;
          const [row] = heap.removeLeast();
          expect(row).toBe(least);
          return row;
        });
        expect(out).toEqual([...sizes].sort((a, b) => a - b));
        expect([heap.count, heap.peak, heap.least]).toEqual([0, sizes.length, Number.POSITIVE_INFINITY]);
      }),
      { numRuns: 40 },
    );
  });
});
