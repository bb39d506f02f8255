import type { Tensor } from "polyadic";
import {
  accuracy,
  conv,
  dense,
  dropout,
  flatten,
  type Layer,
  lambda,
  maxPool,
  relu,
  sequential,
  softmaxCrossEntropy,
} from "polyadic/nn";
import { adamw, cosineDecay } from "polyadic/optim";
import type { Key } from "polyadic/random";
import { atLeast, atMost, type Scale, study } from "polyadic/study";
import { type FitResult, fit } from "polyadic/train";
import { digits } from "./data/digits.ts";

interface Size {
  /** Images, and which part of them is for testing. */
  readonly images: number;
  readonly every: number;
  readonly channels: readonly [number, number];
  readonly batch: number;
  readonly epochs: number;
  /** Accuracy on images not trained on. */
  readonly target: number;
}

const SIZES: Readonly<Record<Scale, Size>> = {
  quick: { images: 1500, every: 5, channels: [8, 16], batch: 32, epochs: 5, target: 0.9 },
  full: { images: 10_000, every: 5, channels: [16, 32], batch: 64, epochs: 5, target: 0.975 },
};

const convolutional = ([a, b]: readonly [number, number]) =>
  sequential(
    conv({ in: 1, out: a, kernel: 3, padding: "same" }),
    lambda(relu),
    maxPool({ window: 2 }),
    conv({ in: a, out: b, kernel: 3, padding: "same" }),
    lambda(relu),
    maxPool({ window: 2 }),
    flatten(),
    dropout(0.3),
    dense({ in: b * 49, out: 10 }),
  );

const linear = () => sequential(flatten(), dense({ in: 784, out: 10 }));

export default study({
  id: "digits-conv",
  paper: { title: "Gradient-based learning applied to document recognition", year: 1998 },
  claim:
    "a small convolutional network reads handwritten digits far better than a linear classifier (published: 0.8 to 1.7 against 8 to 12 % errors on 60,000 images; here at least 97.5 % right from 8,000 within two minutes)",
  baseline: "softmax regression on the pixels, trained on the same images",
  async run({ key, scale, report }) {
    const { images, every, channels, batch, epochs, target } = SIZES[scale];
    const { train, test } = digits(every, images);
    const trained = <P>(model: Layer<P>, own: Key): Promise<FitResult<P>> =>
      fit({
        model,
        loss: (output: Tensor, labels: Tensor) => softmaxCrossEntropy(output, labels),
        optimizer: adamw({
          learningRate: cosineDecay({
            from: 3e-3,
            steps: epochs * Math.floor(train.labels.size / batch),
          }),
          weightDecay: 1e-4,
        }),
        data: [train.images, train.labels],
        ...{ batchSize: batch, lastBatch: "drop", epochs, key: own },
        validation: { data: [test.images, test.labels], batchSize: 100 },
        metrics: { accuracy },
      });
    const network = await trained(convolutional(channels), key);
    const regression = await trained(linear(), key);
    const rateOf = ({ history }: { history: FitResult<unknown>["history"] }): number =>
      history.at(-1)!.validation!.metrics["accuracy"]!;
    report.table(
      [["convolutional network", network] as const, ["softmax regression", regression] as const].map(
        ([model, result]) => ({
          model,
          "images to train on": train.labels.size,
          "images to test on": test.labels.size,
          "right %": 100 * rateOf(result),
          seconds: result.seconds,
        }),
      ),
      `Handwritten digits, ${epochs} epochs`,
    );
    report.plot({
      title: "Loss on images not trained on",
      x: { label: "epoch" },
      y: { label: "nats", scale: "log" },
      series: (
        [
          ["convolutional network", network.history],
          ["softmax regression", regression.history],
        ] as const
      ).map(([name, history]) => ({
        name,
        points: history.map((record) => [record.epoch, record.validation!.loss] as const),
      })),
    });
    return {
      accuracy: rateOf(network),
      accuracyOverTarget: rateOf(network) - target,
      errorRatio: (1 - rateOf(network)) / (1 - rateOf(regression)),
      seconds: network.seconds,
    };
  },
  expect: { accuracyOverTarget: atLeast(0), errorRatio: atMost(0.7) },
});
