// Points of spheres and balls.

import { ShapeError } from "../tensor/errors.ts";
import { checkShape, formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { unitUniform } from "./bits.ts";
import { checkReal, type DrawOptions, normal } from "./distributions.ts";
import { type Key, split } from "./key.ts";

function dimension(name: string, shape: Shape): number {
  checkShape(shape, `${name}: shape`);
  const d = shape.at(-1);
  if (!d)
    throw new ShapeError(`${name}: shape: a last axis of at least 1 was expected, got ${formatShape(shape)}`);
  return d;
}

/** Points `[…, d]` spread evenly over the unit sphere of R^d: normal vectors over their lengths. O(size). */
export function sphere(from: Key, shape: Shape, { dtype = "float64" }: DrawOptions = {}): Tensor {
  dimension("sphere", shape);
  checkReal("sphere", dtype);
  const x = normal(from, shape);
  return x.div(x.square().sum({ axis: -1, keepDims: true }).sqrt()).astype(dtype);
}

/** Points `[…, d]` spread evenly over the unit ball of R^d. O(size). */
export function ball(from: Key, shape: Shape, { dtype = "float64" }: DrawOptions = {}): Tensor {
  const d = dimension("ball", shape);
  checkReal("ball", dtype);
  const [direction, distance] = split(from);
  const radius = unitUniform(distance!, { shape: [...shape.slice(0, -1), 1] }).pow(1 / d);
  return sphere(direction!, shape).mul(radius).astype(dtype);
}
