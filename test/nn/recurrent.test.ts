// Recurrent networks against PyTorch.

import { ShapeError, type Tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { bidirectional, type CellParams, gruCell, lstmCell, recurrent, rnnCell } from "polyadic/nn";
import { key, normal } from "polyadic/random";
import { grad, vmap } from "polyadic/transform";
import { expect, test } from "vitest";
import { near } from "../transform/near.ts";
import { reference, sameAsModule } from "./reference.ts";

const options = { in: 3, hidden: 4, dtype: "float64" } as const;

const cellParams =
  (suffix = "") =>
  (named: (name: string) => Tensor): CellParams => ({
    input: { weight: named(`weight_ih_l0${suffix}`).mT(), bias: named(`bias_ih_l0${suffix}`) },
    hidden: { weight: named(`weight_hh_l0${suffix}`).mT(), bias: named(`bias_hh_l0${suffix}`) },
  });

test("rnn", () => {
  sameAsModule(recurrent(rnnCell(options)), reference.rnn, cellParams());
});

test("lstm", () => {
  sameAsModule(recurrent(lstmCell(options)), reference.lstm, cellParams());
});

test("gru", () => {
  sameAsModule(recurrent(gruCell(options)), reference.gru, cellParams());
});

test("both directions", () => {
  const layer = bidirectional(lstmCell({ ...options, hidden: 2 }));
  sameAsModule(layer, reference.bidirectional, (named) => ({
    forward: cellParams()(named),
    backward: cellParams("_reverse")(named),
  }));
});

test("the state goes on where it was left; the last output is that of the last step", () => {
  const cell = lstmCell(options);
  const layer = recurrent(cell);
  const params = layer.init(key(0));
  const x = normal(key(1), [2, 7, 3]);
  const first = layer.run(params, x.at(":", ":4"));
  const second = layer.run(params, x.at(":", "4:"), first.state);
  const whole = layer.apply(params, x);
  near(second.outputs, whole.at(":", "4:"), 1e-12);
  near(recurrent(cell, { last: true }).apply(params, x), whole.at(":", -1), 1e-12);
});

test("under jit, grad and vmap", () => {
  const layer = recurrent(gruCell({ in: 3, hidden: 4 }));
  const params = layer.init(key(0));
  const x = normal(key(1), [5, 6, 3], { dtype: "float32" });
  const loss = (p: CellParams): Tensor => layer.apply(p, x).square().mean();
  near(jit(grad(loss))(params).hidden.weight, grad(loss)(params).hidden.weight, 1e-5);
  near(vmap((one: Tensor) => layer.apply(params, one))(x), layer.apply(params, x), 1e-5);
});

test("bad input", () => {
  const layer = recurrent(gruCell({ in: 3, hidden: 4 }));
  const params = layer.init(key(0));
  expect(() => layer.apply(params, normal(key(1), [5, 6, 2]))).toThrow(ShapeError);
  expect(() => layer.apply(params, normal(key(1), [5, 0, 3]))).toThrow(/at least one step/);
  expect(() => gruCell({ in: 3, hidden: 0 })).toThrow(/gruCell: hidden/);
});
