import { type Tensor, tensor } from "polyadic";
import {
  celu,
  elu,
  gelu,
  glu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  logSigmoid,
  mish,
  relu,
  relu6,
  selu,
  silu,
  softplus,
  softsign,
  swiglu,
} from "polyadic/nn";
import { key, normal } from "polyadic/random";
import { grad } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";
import { numbers, reference } from "./reference.ts";

const functions: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  relu,
  relu6,
  leakyRelu,
  elu,
  selu,
  celu: (x) => celu(x, 0.7),
  gelu,
  geluTanh: (x) => gelu(x, { approximate: true }),
  silu,
  softplus,
  logSigmoid,
  mish,
  hardSigmoid,
  hardSwish,
  softsign,
};

describe("values and slopes of PyTorch", () => {
  const { x, values } = reference.activations;
  test.each(Object.entries(functions))("%s", (name, f) => {
    const [y, slope] = values[name as keyof typeof values] as [number[], number[]];
    near(f(numbers(x)), numbers(y), 1e-10);
    // PyTorch has some constants of slopes in float32.
    near(grad((t: Tensor) => f(t).sum())(numbers(x)), numbers(slope), 1e-7);
  });
});

test("gated units", () => {
  near(glu(numbers(reference.glu.x)), numbers(reference.glu.y), 1e-10);
  const x = normal(key(0), [3, 8]);
  near(swiglu(x), x.at(":", ":4").mul(silu(x.at(":", "4:"))), 1e-12);
  expect(() => glu(x, { axis: 0 })).toThrow(/even length/);
});

test("NaN is not hidden", () => {
  for (const f of Object.values(functions)) expect(f(tensor(Number.NaN)).item()).toBeNaN();
});
