// Right-hand sides of every kind as functions of vectors.

import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { treeMap } from "../tensor/tree.ts";
import { type AnyFields, type FieldKind, type VectorFields, vectorField } from "./problem.ts";
import { type Layout, ravelState, unravelState } from "./state.ts";

type Builders = {
  readonly [K in FieldKind]: (
    layout: Layout,
    field: AnyFields[K],
    args: unknown,
    caller: string,
  ) => VectorFields[K];
};

interface PhaseState {
  readonly q: unknown;
  readonly p: unknown;
}

const builders: Builders = {
  plain: (layout, f, args, caller) => vectorField(layout, f as never, args, `${caller}: f's result`),
  split: (layout, f, args, caller) => ({
    explicit: vectorField(layout, f.explicit as never, args, `${caller}: explicit's result`),
    implicit: vectorField(layout, f.implicit as never, args, `${caller}: implicit's result`),
  }),
  semilinear: (layout, { linear, nonlinear }, args, caller) => {
    const n = layout.size;
    const { shape } = linear;
    if (!((shape.length === 1 || shape.length === 2) && shape.every((length) => length === n)))
      throw new ShapeError(
        `${caller}: linear: shape [${n}] or [${n}, ${n}] was expected for a state of ${n} numbers, got ${formatShape(shape)}`,
      );
    return {
      linear,
      nonlinear: vectorField(layout, nonlinear as never, args, `${caller}: nonlinear's result`),
    };
  },
  hamiltonian: (layout, { velocity, force }, args, caller) => {
    const none = (tree: unknown): unknown => treeMap((leaf) => leaf.mul(0), tree);
    const whole =
      (slope: (t: Tensor, state: PhaseState) => PhaseState, what: string) =>
      (t: Tensor, y: Tensor): Tensor =>
        ravelState(layout, slope(t, unravelState<PhaseState>(layout, y)), `${caller}: ${what}'s result`);
    return {
      velocity: whole((t, { p }) => ({ q: velocity(t, p as never, args), p: none(p) }), "velocity"),
      force: whole((t, { q }) => ({ q: none(q), p: force(t, q as never, args) }), "force"),
    };
  },
  flows: (layout, { flows }, args, caller) => {
    if (flows.length === 0) throw new DomainError(`${caller}: flows: at least one was expected`);
    return {
      flows: flows.map(
        (flow, i) =>
          (h: Tensor, y: Tensor, t: Tensor): Tensor =>
            ravelState(layout, flow(h, unravelState(layout, y), t, args), `${caller}: flows[${i}]'s result`),
      ),
    };
  },
};

/** A right-hand side of some kind on vectors, with its arguments inside. Throws ShapeError or DomainError for parts that do not fit. */
export const vectorFields = <K extends FieldKind>(
  layout: Layout,
  kind: K,
  field: AnyFields[K],
  args: unknown,
  caller: string,
): VectorFields[K] => builders[kind](layout, field, args, caller);
