// Convolution, transposed convolution and pooling against PyTorch: values, and gradients for one cotangent.
import { avgPool, conv, convTranspose, floor, maxPool, type Padding, type Tensor, tensor } from "polyadic";
import { vjp } from "polyadic/transform";
import { expect, test } from "vitest";
import reference from "../../reference/convolution.json" with { type: "json" };

type PerAxis = number | number[];

interface Case {
  readonly kind: "conv" | "convTranspose" | "maxPool" | "avgPool";
  readonly x: number[];
  readonly w: number[];
  /** Under PyTorch's names. */
  readonly options: {
    readonly stride?: PerAxis;
    readonly padding?: "same" | PerAxis;
    readonly dilation?: PerAxis;
    readonly output_padding?: PerAxis;
    readonly groups?: number;
    readonly kernel_size: PerAxis;
    readonly count_include_pad?: boolean;
  };
  readonly shape: number[];
  readonly value: number[];
  readonly gradients: number[][];
}

const cases = reference as unknown as readonly Case[];

/** The same numbers as `make` in test/reference/convolution.py. */
function make(shape: number[], seed: number): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const numbers = Float64Array.from({ length: size }, (_, i) => ((i * 7919 + seed * 104729) % 13) - 6);
  return tensor(numbers, { shape });
}

/** Options that are given, under our names. */
function defined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

function functionOf({ kind, options }: Case): (x: Tensor, w: Tensor) => Tensor {
  const { stride: strides, dilation, groups, kernel_size: window } = options;
  const padding = options.padding as Padding | undefined;
  if (kind === "conv") return (x, w) => conv(x, w, defined({ strides, padding, dilation, groups }));
  if (kind === "convTranspose") {
    const outputPadding = options.output_padding;
    const cropped = options.padding as PerAxis | undefined;
    return (x, w) =>
      convTranspose(x, w, defined({ strides, padding: cropped, dilation, groups, outputPadding }));
  }
  const pooling = { window, ...defined({ strides, padding }) };
  if (kind === "maxPool") return (x) => maxPool(x, { ...pooling, ...defined({ dilation }) });
  return (x) => avgPool(x, { ...pooling, ...defined({ countIncludesPadding: options.count_include_pad }) });
}

const matches = (actual: Tensor, shape: number[], expected: number[]): void => {
  expect(actual.shape).toEqual(shape);
  const numbers = actual.toTypedArray();
  expected.forEach((value, i) => {
    expect(Math.abs(numbers[i]! - value), `element ${i}: ${numbers[i]}, PyTorch has ${value}`).toBeLessThan(
      1e-11,
    );
  });
};

test.each(cases.map((each) => [`${each.kind} [${each.x}] ${JSON.stringify(each.options)}`, each] as const))(
  "%s",
  (_, each) => {
    const isConvolution = each.kind.startsWith("conv");
    const x = isConvolution ? make(each.x, 1) : floor(make(each.x, 3).div(4));
    const w = isConvolution ? make(each.w, 2) : tensor(0);
    const f = functionOf(each);
    const { value, pullback } = vjp(f, x, w);
    matches(value, each.shape, each.value);
    const gradients = pullback(make(each.shape, 9));
    each.gradients.forEach((expected, i) => {
      matches(gradients[i] as Tensor, i === 0 ? each.x : each.w, expected);
    });
  },
);
