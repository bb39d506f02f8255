// The domain of a function: what arguments it takes.

import { bindOne } from "../../ops/bind.ts";
import { sameShape } from "../../tensor/shape.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import { applyFn } from "./apply.ts";
import { formatArguments, mismatch } from "./check.ts";
import { extendP } from "./integrate.ts";
import type { Argument, FunctionDomain, Grid } from "./types.ts";

export class ArgumentList implements FunctionDomain {
  readonly args: readonly Argument[];

  constructor(args: readonly Argument[]) {
    this.args = args;
  }

  constant(value: Tensor): Tensor {
    return bindOne(extendP, [value], { domain: this, places: [] });
  }

  evaluate(f: Tensor, point: readonly TensorLike[]): Tensor {
    return applyFn(f, point, "call");
  }

  meet(other: FunctionDomain, operation: string): FunctionDomain {
    if (other === this) return this;
    if (!this.matches(other)) throw mismatch(operation, `functions of ${this}`, `of ${other}`);
    return this.withGrids(other.args.map(({ grid }) => grid));
  }

  pick(places: readonly number[]): FunctionDomain | undefined {
    return places.length === 0 ? undefined : new ArgumentList(places.map((place) => this.args[place]!));
  }

  join(others: readonly Argument[]): FunctionDomain {
    return new ArgumentList([...this.args, ...others]);
  }

  withGrids(grids: readonly (Grid | null)[]): FunctionDomain {
    if (grids.every((grid, i) => grid === null || this.args[i]!.grid !== null)) return this;
    return new ArgumentList(this.args.map((arg, i) => ({ ...arg, grid: arg.grid ?? grids[i]! })));
  }

  matches(other: FunctionDomain | undefined): boolean {
    if (other === this) return true;
    return (
      other !== undefined &&
      other.args.length === this.args.length &&
      this.args.every(
        ({ shape, dtype }, i) => sameShape(shape, other.args[i]!.shape) && dtype === other.args[i]!.dtype,
      )
    );
  }

  toString(): string {
    return formatArguments(this.args);
  }
}
