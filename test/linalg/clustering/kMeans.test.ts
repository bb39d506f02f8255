import { concat, DomainError, DTypeError, ShapeError, tensor } from "polyadic";
import { kMeans } from "polyadic/linalg";
import { normalizedMutualInformation } from "polyadic/nn";
import { key, normal } from "polyadic/random";
import { expect, it } from "vitest";
import { lloyd } from "../../../src/linalg/clustering/lloyd.ts";

it("finds clouds that are far apart", () => {
  const clouds = [0, 10, 20].map((at, i) => normal(key(i), [20, 2]).add(at));
  const { labels, centers, cost } = kMeans(key(9), concat(clouds, 0), 3);
  const truth = tensor(Array.from({ length: 60 }, (_, i) => Math.floor(i / 20))).astype("int32");
  expect(normalizedMutualInformation(labels, truth)).toBeCloseTo(1, 12);
  const means = clouds.map((cloud) => cloud.mean({ axis: 0 }).at(0).item());
  expect((centers.at(":", 0).toArray() as number[]).sort((a, b) => a - b)).toEqual(
    means.map((value) => expect.closeTo(value, 10) as number),
  );
  const spread = clouds.reduce(
    (sum, cloud) =>
      sum +
      cloud
        .sub(cloud.mean({ axis: 0 }))
        .square()
        .sum()
        .item(),
    0,
  );
  expect(cost).toBeCloseTo(spread, 8);
});

it("fills a centre that nobody chose", () => {
  const data = Float64Array.of(0, 1, 2, 10);
  // Two centres in one place: the second gets the row that is farthest off.
  const { labels } = lloyd({ data, n: 4, width: 1 }, Float64Array.of(1, 1), 10);
  expect(new Set(labels).size).toBe(2);
  expect(labels[3]).not.toBe(labels[0]);
});

it("bad input is told", () => {
  const x = normal(key(0), [5, 2]);
  expect(() => kMeans(key(0), x, 6)).toThrow(/k must be an integer from 1 to 5/);
  expect(() => kMeans(key(0), x.ravel(), 2)).toThrow(ShapeError);
  expect(() => kMeans(key(0), x.astype("int32"), 2)).toThrow(DTypeError);
  expect(() => kMeans(key(0), x.mul(Number.NaN), 2)).toThrow(DomainError);
  expect(() => kMeans(key(0), x, 2, { restarts: 0 })).toThrow(/restarts/);
});
