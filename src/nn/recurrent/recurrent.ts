// Cells run along sequences.

import { concat } from "../../ops/join.ts";
import { moveAxis } from "../../ops/movement.ts";
import type { Layer, Pass } from "../../optim/model.ts";
import { split } from "../../random/key.ts";
import { checkAxis, checkFloats, checkRank } from "../../tensor/check.ts";
import { ShapeError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { scan } from "../../transform/control/scan.ts";
import { splitPass } from "../base/pass.ts";
import type { Cell } from "./cells.ts";

export interface RecurrentOptions {
  /** From the last step to the first; outputs stay in the order of the inputs. */
  readonly reverse?: boolean;
  /** Only what the cell shows after its last step, `[…, hidden]`. */
  readonly last?: boolean;
}

export interface Recurrent<P, S> extends Layer<P> {
  /** The outputs of all steps and the state behind the last one, from a state that may be given. */
  run(params: P, x: Tensor, state?: S, pass?: Pass): { readonly outputs: Tensor; readonly state: S };
}

/**
 * A cell along sequences: x `[…, n, in]` to `[…, n, hidden]`. What does not depend on the state is one product for all
 * steps; the rest is a `scan`. Curvature taps (`pass.tap`) see the map of the input, not the one of the state. Throws
 * ShapeError or DTypeError for inputs that do not fit.
 */
export function recurrent<P, S>(cell: Cell<P, S>, options: RecurrentOptions = {}): Recurrent<P, S> {
  const { reverse = false, last = false } = options;
  const run: Recurrent<P, S>["run"] = (params, x, state, pass) => {
    checkFloats("recurrent: x", x);
    checkRank("recurrent: x", x, 2, Number.POSITIVE_INFINITY);
    checkAxis("recurrent: x", x, -1, cell.in);
    if (x.shape.at(-2) === 0) throw new ShapeError("recurrent: x: at least one step was expected");
    const projected = moveAxis(cell.project(params, x, pass), -2, 0);
    const { carry, ys } = scan(
      (before: S, slice: Tensor): readonly [S, Tensor] => {
        const after = cell.advance(params, before, slice);
        return [after, cell.output(after)];
      },
      state ?? cell.initialState(x.shape.slice(0, -2)),
      projected,
      { reverse },
    );
    return { outputs: moveAxis(ys, 0, -2), state: carry };
  };
  return {
    init: (key) => cell.init(key),
    apply: (params, x, pass) => {
      const { outputs, state } = run(params, x, undefined, pass);
      return last ? cell.output(state) : outputs;
    },
    run,
  };
}

/** Two cells, one in each direction, whose outputs are concatenated: `[…, n, in]` to `[…, n, 2 hidden]`. */
export function bidirectional<P, S>(cell: Cell<P, S>): Layer<{ readonly forward: P; readonly backward: P }> {
  const forward = recurrent(cell);
  const backward = recurrent(cell, { reverse: true });
  return {
    init: (key) => {
      const [first, second] = split(key, 2);
      return { forward: forward.init(first!), backward: backward.init(second!) };
    },
    apply: (params, x, pass) => {
      const passes = splitPass(pass, 2);
      const results = [
        forward.apply(params.forward, x, passes[0]),
        backward.apply(params.backward, x, passes[1]),
      ];
      return concat(results, -1);
    },
  };
}
