// What structured linear maps are made of: shapes of their factors, what each is as a dense map, and what they cost.

import { evenFactors } from "../../linalg/operator/blockTensorTrain.ts";
import { checkCount } from "../../tensor/check.ts";
import { DomainError } from "../../tensor/errors.ts";

export const STRUCTURES = ["dense", "low-rank", "kronecker", "tt", "monarch", "btt"] as const;
export type Structure = (typeof STRUCTURES)[number];

export interface StructureOptions {
  /** Features of the input and of the output. */
  readonly in: number;
  readonly out: number;
  readonly structure: Structure;
  /** Of "low-rank", "tt" and "btt"; blocks of "monarch". 1 unless told, 4 for "monarch". */
  readonly rank?: number;
  /** Of "kronecker" and "tt"; 2 unless told, which "btt" always has. */
  readonly cores?: number;
}

/** A tensor of parameters that maps `dIn` numbers to `dOut`, many times over. */
export interface Factor {
  readonly shape: readonly number[];
  readonly dIn: number;
  readonly dOut: number;
}

export interface StructurePlan {
  readonly structure: Structure;
  readonly in: number;
  readonly out: number;
  readonly rank: number;
  readonly factors: readonly Factor[];
  /** Multiplications (with an addition each) for one row. */
  readonly flops: number;
  /** Numbers in the factors. */
  readonly params: number;
}

const size = (shape: readonly number[]): number => shape.reduce((all, n) => all * n, 1);

/** The closest widths on both sides that have enough prime factors. */
function neighbours(n: number, parts: number): string {
  const isGood = (width: number): boolean => evenFactors(width, parts).every((factor) => factor > 1);
  const search = (step: 1 | -1): number | undefined => {
    for (let width = n + step; width >= 2 ** parts && width < 4 * n + 2 ** (parts + 1); width += step)
      if (isGood(width)) return width;
    return undefined;
  };
  return [search(-1), search(1)].filter((width) => width !== undefined).join(" and ");
}

/** n in factors above 1. Throws DomainError, naming the nearest widths that have them. */
function split(what: string, n: number, parts: number): number[] {
  const factors = evenFactors(n, parts);
  if (factors.some((factor) => factor === 1))
    throw new DomainError(
      `${what}: ${n} is no product of ${parts} factors above 1; the nearest widths that are: ${neighbours(n, parts)}`,
    );
  return factors;
}

/**
 * The factors of a structured map. Throws DomainError for widths and ranks below 1, unknown structures, and widths that do not
 * factor.
 */
export function planStructure(name: string, options: StructureOptions): StructurePlan {
  const fanIn = checkCount(`${name}: in`, options.in);
  const fanOut = checkCount(`${name}: out`, options.out);
  const { structure, cores = 2 } = options;
  if (!STRUCTURES.includes(structure))
    throw new DomainError(
      `${name}: structure: one of ${STRUCTURES.join(", ")} was expected, got ${String(structure)}`,
    );
  const rank = checkCount(`${name}: rank`, options.rank ?? (structure === "monarch" ? 4 : 1));
  checkCount(`${name}: cores`, cores, 2);
  const plan = (factors: readonly Factor[], flops?: number): StructurePlan => {
    const params = factors.reduce((sum, { shape }) => sum + size(shape), 0);
    return { structure, in: fanIn, out: fanOut, rank, factors, flops: flops ?? params, params };
  };
  switch (structure) {
    case "dense":
      return plan([{ shape: [fanIn, fanOut], dIn: fanIn, dOut: fanOut }]);
    case "low-rank":
      return plan([
        { shape: [fanIn, rank], dIn: fanIn, dOut: rank },
        { shape: [rank, fanOut], dIn: rank, dOut: fanOut },
      ]);
    case "monarch": {
      if (fanIn % rank !== 0 || fanOut % rank !== 0)
        throw new DomainError(
          `${name}: rank: ${rank} blocks do not divide ${fanIn} inputs and ${fanOut} outputs`,
        );
      const [p, s] = [fanIn / rank, fanOut / rank];
      const q = Math.min(p, s);
      return plan([
        { shape: [rank, p, q], dIn: p, dOut: q },
        { shape: [rank, q, s], dIn: q, dOut: s },
      ]);
    }
    case "btt": {
      if (cores !== 2) throw new DomainError(`${name}: cores: "btt" has 2, got ${cores}`);
      const [m0, m1] = split(`${name}: in`, fanIn, 2) as [number, number];
      const [n0, n1] = split(`${name}: out`, fanOut, 2) as [number, number];
      return plan([
        { shape: [m1, m0, n0 * rank], dIn: m0, dOut: n0 * rank },
        { shape: [n0, m1 * rank, n1], dIn: m1 * rank, dOut: n1 },
      ]);
    }
    case "kronecker":
    case "tt": {
      const r = structure === "tt" ? rank : 1;
      const ins = split(`${name}: in`, fanIn, cores);
      const outs = split(`${name}: out`, fanOut, cores);
      let [done, open, flops] = [1, fanIn, 0];
      const factors = ins.map((n, k): Factor => {
        const [before, behind] = [k === 0 ? 1 : r, k === cores - 1 ? 1 : r];
        const shape = [before, outs[k]!, n, behind];
        open /= n;
        flops += size(shape) * done * open;
        done *= outs[k]!;
        return { shape, dIn: n * before, dOut: outs[k]! * behind };
      });
      return plan(factors, flops);
    }
  }
}

/**
 * The standard deviation a factor begins with, d_in^{-1/2} min(1, √(d_out / d_in)): a dense map of these widths then neither
 * blows up nor loses features. It is also the largest root mean square that `normalize` lets a factor have.
 */
export const factorScale = ({ dIn, dOut }: Factor): number =>
  Math.min(1, Math.sqrt(dOut / dIn)) / Math.sqrt(dIn);
