// Differences of subspaces: closed forms, the definition by projectors, and what they refuse.
import fc from "fast-check";
import {
  arange,
  concat,
  DomainError,
  DTypeError,
  eye,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from "polyadic";
import {
  differenceSubspace,
  eigh,
  expm,
  karcherMean2,
  qr,
  secondDifferenceSubspace,
  subspaceAcceleration,
  subspaceAngles,
  subspaceSeries,
  subspaceVelocity,
} from "polyadic/linalg";
import { key, normal, orthogonal, split } from "polyadic/random";
import { describe, expect, it } from "vitest";

const largest = (x: Tensor): number => (x.size === 0 ? 0 : x.abs().max().item());
const projector = (q: Tensor): Tensor => q.matmul(q.conj().mT());
const basis = (seed: number, n: number, p: number): Tensor => normal(key(seed), [n, p]);

/** A line on a cone of half-angle a about the third axis, turned by h. */
const onCone = (a: number, h: number): Tensor =>
  tensor([[Math.sin(a) * Math.cos(h)], [Math.sin(a) * Math.sin(h)], [Math.cos(a)]]);

/** exp(t X) of a fixed random generator that moves a p-dimensional space: points of one geodesic. */
function geodesic(seed: number, n: number, p: number): (t: number) => Tensor {
  const corner = normal(key(seed), [n - p, p]).mul(0.08);
  const top = concat([zeros([p, p]), corner.mT().neg()], 1);
  const generator = concat([top, concat([corner, zeros([n - p, n - p])], 1)], 0);
  const frame = orthogonal(key(seed + 1), n);
  return (t) => frame.matmul(expm(generator.mul(t))).at(":", `:${p}`);
}

describe("differenceSubspace", () => {
  it("is what the sum of the projectors has below 1, for spaces of any dimensions", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1000 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (seed, p, q) => {
          const [a, b] = [basis(seed, 9, p), basis(seed + 5000, 9, q)];
          const found = differenceSubspace(a, b);
          const { values, vectors } = eigh(projector(qr(a).q).add(projector(qr(b).q)));
          const list = values.toArray() as number[];
          const below = list.flatMap((value, i) => (value > 1e-9 && value < 1 + 1e-9 ? [i] : []));
          const expected = below.map((i) => vectors.at(":", i));
          expect(found.difference.shape).toEqual([9, below.length]);
          expect(found.unpaired).toBe(Math.abs(p - q));
          const sum = expected.reduce((s, v) => s.add(v.expandDims(1).mul(v)), zeros([9, 9]));
          expect(largest(projector(found.difference).sub(sum))).toBeLessThan(1e-9);
          const above = vectors.at(":", `${9 - Math.min(p, q)}:`);
          expect(largest(projector(found.principal).sub(projector(above)))).toBeLessThan(1e-9);
          expect(largest(found.angles.sub(subspaceAngles(a, b)))).toBeLessThan(1e-12);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("has orthonormal parts, orthogonal to each other, and a magnitude of squared lengths", () => {
    const found = differenceSubspace(basis(1, 12, 5), basis(2, 12, 3));
    const all = concat([found.difference, found.principal], 1);
    expect(all.shape).toEqual([12, 8]);
    expect(largest(all.mT().matmul(all).sub(eye(8)))).toBeLessThan(1e-14);
    const cosines = found.angles.cos();
    expect(found.magnitude).toBeCloseTo(cosines.neg().add(1).mul(2).sum().item(), 13);
    const counted = differenceSubspace(basis(1, 12, 5), basis(2, 12, 3), { includeUnpaired: true });
    expect(counted.magnitude).toBeCloseTo(found.magnitude + 4, 13);
  });

  it("keeps the digits of small angles", () => {
    for (const h of [1e-3, 1e-6, 1e-7]) {
      const found = differenceSubspace(tensor([[1], [0], [0]]), tensor([[Math.cos(h)], [Math.sin(h)], [0]]));
      expect(found.magnitude / (4 * Math.sin(h / 2) ** 2)).toBeCloseTo(1, 8);
      const direction = found.difference.at(":", 0).abs().toArray() as number[];
      expect(direction[1]).toBeCloseTo(1, 6);
      expect(direction[2]).toBe(0);
    }
  });

  it("finds what is common, and nothing else between equal spaces", () => {
    const common = basis(3, 8, 2);
    const found = differenceSubspace(
      concat([common, basis(4, 8, 1)], 1),
      concat([basis(5, 8, 1), common.mul(3)], 1),
    );
    expect(largest(projector(found.intersection).sub(projector(qr(common).q)))).toBeLessThan(1e-12);
    expect(found.difference.shape).toEqual([8, 1]);
    const turned = common.matmul(
      tensor([
        [2, 1],
        [-1, 5],
      ]),
    );
    const same = differenceSubspace(common, turned);
    expect(same.difference.shape).toEqual([8, 0]);
    expect(same.magnitude).toBeLessThan(1e-30);
  });

  it("takes complex spaces", () => {
    const [a, b] = split(key(8)).map((own) => normal(own, [7, 2], { dtype: "complex128" })) as [
      Tensor,
      Tensor,
    ];
    const found = differenceSubspace(a, b);
    const all = concat([found.difference, found.principal], 1);
    const sum = projector(qr(a).q).add(projector(qr(b).q));
    // The sum of the projectors is diagonal in these directions: 1 ∓ cos θ.
    const inner = all.conj().mT().matmul(sum).matmul(all);
    const cosines = found.angles.cos();
    const diagonal = concat([cosines.neg().add(1), cosines.add(1)], 0);
    expect(largest(inner.sub(eye(4).mul(diagonal)))).toBeLessThan(1e-13);
  });

  it("refuses bad input by name", () => {
    const a = basis(1, 5, 2);
    expect(() => differenceSubspace(a, basis(2, 6, 2))).toThrow(ShapeError);
    expect(() => differenceSubspace(a, concat([a, a], 1))).toThrow(/linearly dependent/);
    expect(() => differenceSubspace(a, zeros([5, 1]))).toThrow(/linearly dependent/);
    expect(() => differenceSubspace(a.astype("int32"), a)).toThrow(DTypeError);
    expect(() => differenceSubspace(a, a, { atol: -1 })).toThrow(/atol/);
    expect(() => differenceSubspace(a.div(0), a)).toThrow(DomainError);
    expect(() => karcherMean2(a, basis(2, 5, 1))).toThrow(/one dimension/);
    expect(() => karcherMean2(eye(3).at(":", ":1"), eye(3).at(":", "1:2"))).toThrow(/not unique/);
    const picked = karcherMean2(eye(3).at(":", ":1"), eye(3).at(":", "1:2"), { onCutLocus: "pick" });
    expect(largest(picked.abs().sub(tensor([[Math.SQRT1_2], [Math.SQRT1_2], [0]])))).toBeLessThan(1e-15);
  });
});

describe("second differences", () => {
  it("vanish on a geodesic, whose middle is the mean", () => {
    const at = geodesic(5, 20, 3);
    const [a, b, c] = [at(-1), at(0), at(1)];
    expect(differenceSubspace(a, b).magnitude).toBeGreaterThan(0.01);
    expect(secondDifferenceSubspace(a, b, c).magnitude).toBeLessThan(1e-12);
    expect(largest(projector(karcherMean2(a, c)).sub(projector(b)))).toBeLessThan(1e-12);
  });

  it("are sin a cos a h² / 2 for lines on a cone", () => {
    const angle = (h: number): number =>
      secondDifferenceSubspace(onCone(Math.PI / 4, -h), onCone(Math.PI / 4, 0), onCone(Math.PI / 4, h))
        .angles.at(0)
        .item();
    // In closed form: from the line to the middle of its neighbours, tan = tan(a) cos(h).
    for (const h of [0.2, 0.1, 0.05]) expect(angle(h)).toBeCloseTo(Math.PI / 4 - Math.atan(Math.cos(h)), 13);
    expect(Math.log2(angle(0.1) / angle(0.05))).toBeCloseTo(2, 1);
  });

  it("tell where a signal changes", () => {
    const phase = Array.from({ length: 300 }, (_, i) => (i < 150 ? 0.3 * i : 45 + 0.5 * (i - 150)));
    const series = subspaceSeries(tensor(phase).sin(), { window: 16, rank: 2, stride: 4 });
    expect(series.starts.slice(0, 3)).toEqual([0, 4, 8]);
    const speeds = subspaceVelocity(series.bases, { step: 2 }).map(({ magnitude }) => magnitude);
    expect(speeds.length).toBe(series.bases.length - 2);
    const turns = subspaceAcceleration(series.bases, { step: 2 }).map(({ magnitude }) => magnitude);
    const peak = turns.indexOf(Math.max(...turns));
    // The middle of the windows of the middle subspace.
    expect(Math.abs(series.starts[peak + 2]! + 16 - 150)).toBeLessThanOrEqual(16);
    expect(turns[0]!).toBeLessThan(1e-20);
  });

  it("have series of several channels, and refuse what is too short", () => {
    const x = normal(key(3), [40, 2]);
    const { bases, starts } = subspaceSeries(x, { window: 3, columns: 5, rank: 2, stride: 10 });
    expect(bases[0]!.shape).toEqual([6, 2]);
    expect(starts).toEqual([0, 10, 20, 30]);
    expect(() => subspaceSeries(arange(5).astype("float64"), { window: 4, rank: 1 })).toThrow(
      /at least 7 samples/,
    );
    expect(() => subspaceSeries(x, { window: 3, rank: 9 })).toThrow(/rank/);
    expect(() => subspaceSeries(x.div(0), { window: 3, rank: 1 })).toThrow(/sample 0 is not a finite/);
    expect(() => subspaceSeries(x, { window: 0, rank: 1 })).toThrow(/window/);
    expect(() => subspaceAcceleration(bases, { step: 2 })).toThrow(/at least 5 bases/);
    expect(() => subspaceVelocity(bases, { step: 0 })).toThrow(/step/);
  });
});
