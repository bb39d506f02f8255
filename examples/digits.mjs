// Teaches a convolutional network to read handwritten digits, and writes it as an ONNX file for other programs.
//
//   npm run build && node examples/digits.mjs
//
// About a minute on two cores. `--quick` takes a tenth of the images. Interrupted, it goes on where it was.
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { tensor } from "polyadic";
import { writeOnnx } from "polyadic/io";
import {
  accuracy,
  conv,
  dense,
  dropout,
  flatten,
  lambda,
  maxPool,
  relu,
  sequential,
  softmaxCrossEntropy,
  summary,
} from "polyadic/nn";
import { adamw, cosineDecay } from "polyadic/optim";
import { key } from "polyadic/random";
import { fit } from "polyadic/train";

const { values } = parseArgs({
  options: { quick: { type: "boolean" }, folder: { type: "string", default: "." } },
});
const PIXELS = 28 * 28;
const BATCH = 64;
const EPOCHS = values.quick ? 3 : 5;

// The package mnist has 10,000 images; every fifth is kept for the test.
const require = createRequire(import.meta.url);
const examples = { train: [], test: [] };
for (let digit = 0; digit < 10; digit++) {
  const { data } = require(`mnist/src/digits/${digit}.json`);
  for (let i = 0; i < data.length / PIXELS; i += values.quick ? 10 : 1)
    examples[(values.quick ? i / 10 : i) % 5 === 4 ? "test" : "train"].push({
      digit,
      pixels: data.slice(i * PIXELS, (i + 1) * PIXELS),
    });
}
const batchOf = (list) => [
  tensor(Float32Array.from(list.flatMap(({ pixels }) => pixels)), { shape: [list.length, 1, 28, 28] }),
  tensor(Int32Array.from(list, ({ digit }) => digit)),
];

const model = sequential(
  conv({ in: 1, out: 16, kernel: 3, padding: "same" }),
  lambda(relu),
  maxPool({ window: 2 }),
  conv({ in: 16, out: 32, kernel: 3, padding: "same" }),
  lambda(relu),
  maxPool({ window: 2 }),
  flatten(),
  dropout(0.3),
  dense({ in: 32 * 49, out: 10 }),
);
console.log(summary(model.init(key(0)), { layer: model, input: [1, 1, 28, 28] }));

const steps = EPOCHS * Math.floor(examples.train.length / BATCH);
const { params, history } = await fit({
  model,
  loss: softmaxCrossEntropy,
  optimizer: adamw({ learningRate: cosineDecay({ from: 3e-3, steps }), weightDecay: 1e-4 }),
  data: batchOf(examples.train),
  batchSize: BATCH,
  lastBatch: "drop",
  epochs: EPOCHS,
  validation: { data: batchOf(examples.test), batchSize: 100 },
  metrics: { accuracy },
  key: key(0),
  progress: true,
  checkpoint: { path: `${values.folder}/digits.safetensors` },
  report: `${values.folder}/digits.html`,
});
console.log(
  `${(100 * history.at(-1).validation.metrics.accuracy).toFixed(2)} % of the test images are read right`,
);

await writeOnnx(
  `${values.folder}/digits.onnx`,
  (images) => model.apply(params, images),
  [batchOf(examples.test.slice(0, 1))[0]],
  { dynamicBatch: true },
);
console.log("digits.onnx, digits.safetensors and digits.html are written");
