// What the operators on functions ask of their arguments.

import { DomainError, type PolyadicError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Argument, type Fn, type FunctionDomain, functionDomain } from "./types.ts";

/** The domain of a function; throws ShapeError for an ordinary tensor. */
export function domainOfFn(f: Tensor, what: string): FunctionDomain {
  const domain = f instanceof Tensor ? functionDomain(f) : undefined;
  if (domain) return domain;
  const got = f instanceof Tensor ? `a ${f.dtype} tensor of shape ${formatShape(f.shape)}` : typeof f;
  throw new ShapeError(`${what}: a function made by fn() was expected, got ${got}`);
}

/**
 * A tensor that is known to be a function, such as the result of `sin(f)`, under the type of functions. Throws
 * ShapeError when it is an ordinary tensor.
 */
export function asFn(f: Tensor): Fn {
  domainOfFn(f, "asFn");
  return f as unknown as Fn;
}

/** The place of an argument; negative ones count from the end. Throws DomainError when there is none. */
export function checkArgument({ args }: FunctionDomain, arg: number, what: string): number {
  const place = arg < 0 ? arg + args.length : arg;
  if (Number.isInteger(place) && place >= 0 && place < args.length) return place;
  throw new DomainError(`${what}: argument ${arg} of a function of ${args.length} was asked for`);
}

/** Sorted places of several arguments, each once. */
export function checkArguments(
  domain: FunctionDomain,
  args: number | readonly number[],
  what: string,
): readonly number[] {
  const places = [args].flat().map((arg) => checkArgument(domain, arg, what));
  if (new Set(places).size !== places.length)
    throw new DomainError(`${what}: args [${[args].flat().join(", ")}] name an argument twice`);
  return places;
}

/** `(float64, float64[2])` */
export const formatArguments = (args: readonly Pick<Argument, "shape" | "dtype">[]): string =>
  `(${args.map(({ shape, dtype }) => dtype + (shape.length ? formatShape(shape) : "")).join(", ")})`;

/** The error for functions that do not fit one another: lists both. */
export const mismatch = (what: string, first: string, second: string): PolyadicError =>
  new ShapeError(`${what}: ${first} and ${second} do not fit`);
