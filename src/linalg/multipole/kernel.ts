// Kernels of sums over points: functions of the difference of two points.

import { DomainError } from "../../tensor/errors.ts";

/** A kernel by what is known of it. */
export type KernelSpec =
  | {
      /** A function of the distance, which makes the kernel even. */
      readonly radial: (distance: number) => number;
      /** a where K(s d) = s^a K(d): one skeleton then serves all levels. */
      readonly degree?: number;
    }
  | {
      /** A function of the difference x − y, whose array is reused from call to call. */
      readonly difference: (d: Float64Array) => number;
      readonly degree?: number;
    };

/** A kernel as the sums use it. */
export interface DifferenceKernel {
  readonly dims: number;
  readonly at: (d: Float64Array) => number;
  readonly radial: ((distance: number) => number) | undefined;
  readonly degree: number | undefined;
  /** K(d) = K(−d). */
  readonly even: boolean;
}

const sizeOf = (d: Float64Array): number => {
  let sum = 0;
  for (let c = 0; c < d.length; c++) sum += d[c] * d[c];
  return Math.sqrt(sum);
};

/** K(−d). */
export function mirrored(kernel: DifferenceKernel): DifferenceKernel {
  if (kernel.even) return kernel;
  const turned = new Float64Array(kernel.dims);
  const at = (d: Float64Array): number => {
    for (let c = 0; c < turned.length; c++) turned[c] = -d[c];
    return kernel.at(turned);
  };
  return { ...kernel, at };
}

/**
 * A checked kernel.
 *
 * @throws DomainError unless it is a function or names one, or for a degree that is not finite.
 */
export function differenceKernel(
  caller: string,
  given: ((d: Float64Array) => number) | KernelSpec,
  dims: number,
  even: boolean,
): DifferenceKernel {
  const spec: KernelSpec = typeof given === "function" ? { difference: given } : given;
  const { degree } = spec;
  if (degree !== undefined && !Number.isFinite(degree))
    throw new DomainError(`${caller}: the degree of the kernel must be finite, got ${degree}`);
  if ("radial" in spec && typeof spec.radial === "function") {
    const { radial } = spec;
    return { dims, at: (d) => radial(sizeOf(d)), radial, degree, even: true };
  }
  if (!("difference" in spec && typeof spec.difference === "function"))
    throw new DomainError(`${caller}: kernel must be a function, { radial } or { difference }`);
  return { dims, at: spec.difference, radial: undefined, degree, even };
}
