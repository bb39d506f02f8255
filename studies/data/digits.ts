// Handwritten digits: 10,000 images of MNIST from the package `mnist`, read directly, since its own way to pick examples is random.

import { createRequire } from "node:module";
import { fromTypedArray, type Tensor } from "polyadic/tensor";

const SIDE = 28;
const require = createRequire(import.meta.url);

export interface Images {
  /** `[n, 1, 28, 28]`, from 0 to 1. */
  readonly images: Tensor;
  /** `[n]` */
  readonly labels: Tensor;
}

/** Every `every`-th image is for testing, the others for training; digits take turns. */
export function digits(every: number, most = Number.POSITIVE_INFINITY): { train: Images; test: Images } {
  const all = Array.from(
    { length: 10 },
    (_, digit) => (require(`mnist/src/digits/${digit}.json`) as { data: number[] }).data,
  );
  const pixels = SIDE * SIDE;
  const order: { digit: number; index: number }[] = [];
  for (let index = 0; order.length < most && all.some((data) => data.length > index * pixels); index++)
    all.forEach((data, digit) => {
      if ((index + 1) * pixels <= data.length) order.push({ digit, index });
    });
  const part = (chosen: typeof order): Images => {
    const images = new Float32Array(chosen.length * pixels);
    chosen.forEach(({ digit, index }, row) => {
      for (let i = 0; i < pixels; i++) images[row * pixels + i] = all[digit]![index * pixels + i]!;
    });
    const labels = Int32Array.from(chosen, ({ digit }) => digit);
    return {
      images: fromTypedArray(images, [chosen.length, 1, SIDE, SIDE], "float32"),
      labels: fromTypedArray(labels, [chosen.length], "int32"),
    };
  };
  const isTest = ({ index }: { index: number }): boolean => index % every === every - 1;
  return {
    train: part(order.filter((item) => !isTest(item))),
    test: part(order.filter(isTest)),
  };
}
