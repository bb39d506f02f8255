// Training by optimizers that look inside the model.

import { tanh } from "polyadic";
import { mlp } from "polyadic/nn";
import { gaussNewtonCg, kfac, mse } from "polyadic/optim";
import { key } from "polyadic/random";
import { fit } from "polyadic/train";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../io/folder.ts";
import { regression } from "./problems.ts";

const folder = temporaryFolder();
const model = mlp({ sizes: [3, 16, 1], activation: tanh });
const problem = { model, loss: mse, data: regression(64), batchSize: 32, key: key(0) } as const;

describe("losses with a Hessian", () => {
  test("K-FAC and Gauss-Newton learn", async () => {
    for (const optimizer of [kfac({ learningRate: 0.3 }), gaussNewtonCg()]) {
      const { history } = await fit({ ...problem, optimizer, epochs: 15 });
      expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss / 4);
    }
  });

  test("their state resumes", async () => {
    const optimizer = kfac({ learningRate: 0.3 });
    const checkpoint = { path: folder("run.safetensors"), every: { steps: 1 } };
    const whole = await fit({ ...problem, optimizer, steps: 12, every: 4 });
    await fit({ ...problem, optimizer, steps: 12, every: 4, checkpoint, onRecord: () => "stop" });
    const resumed = await fit({ ...problem, optimizer, steps: 12, every: 4, checkpoint });
    expect(resumed.steps).toBe(12);
    expect(resumed.history.map(({ loss }) => loss)).toEqual(whole.history.map(({ loss }) => loss));
  });

  test("a bare function is refused by name", async () => {
    await expect(
      fit({
        ...problem,
        loss: (output, target) => output.sub(target).square().mean(),
        optimizer: kfac({ learningRate: 0.3 }),
        epochs: 1,
      }),
    ).rejects.toThrow(/modelLoss/);
  });
});
