import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { writeNpy } from "../../src/io/npy.ts";
import { writeNpz } from "../../src/io/npz.ts";
import { tensor } from "../../src/tensor/create.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { fixture } from "../io/fixtures.ts";
import { temporaryFolder } from "../io/folder.ts";
import { cli } from "./capture.ts";

const path = temporaryFolder();

beforeAll(async () => {
  const square = tensor([
    [1, 2],
    [3, 4],
  ]);
  await writeNpy(path("good.npy"), square);
  await writeNpy(
    path("nan.npy"),
    tensor([
      [1, Number.NaN],
      [Number.POSITIVE_INFINITY, 2],
    ]),
  );
  await writeNpy(path("empty-array.npy"), new Tensor(new Float64Array(0), [0, 3], "float64"));
  await writeNpy(path("scalar.npy"), new Tensor(new Float64Array(1), [], "float64"));
  await writeNpz(path("two.npz"), { a: square, b: square });
  await writeNpz(path("vectors.npz"), { a: tensor([1, 2]) });
  writeFileSync(path("empty.npy"), "");
  writeFileSync(path("garbage.npy"), "this is no array");
  writeFileSync(path("garbage.safetensors"), "this is no file of tensors");
  writeFileSync(path("text.csv"), "name,age\nann,3\nbob,4\n");
  writeFileSync(path("x.mat"), "x");
  mkdirSync(path("no-pictures"));
  await writeNpy(path("gaps.npy"), tensor([[Number.NaN, Number.NaN]]));
  await writeNpy(path("points.npy"), tensor([[1, 2, 3]]));
  await writeNpy(
    path("cost.npy"),
    tensor([
      [1, Number.NaN],
      [0, 1],
    ]),
  );
  await writeNpy(path("weights.npy"), tensor([1, 1]));
  await writeNpy(path("negative.npy"), tensor([3, -1]));
  writeFileSync(path("cut.npy"), readFileSync(path("good.npy")).subarray(0, 140));
  writeFileSync(path("garbage.npz"), "PK this is no archive");
  writeFileSync(path("garbage.tns"), "\u001b[31m1 2 3\n");
  writeFileSync(path("huge.safetensors"), new Uint8Array(16).fill(0x7f));
  writeFileSync(path("header.csv"), "a,b,c\n");
  writeFileSync(path("parts.csv"), "a,b\nb,c\nx,y\n");
  writeFileSync(path("edges.csv"), "a,b\nb,c\nc,a\n");
  writeFileSync(path("entries.tns"), "1 1 2\n2 2 3\n");
  writeFileSync(path("empty.txt"), "");
  writeFileSync(path("nowhere.mjs"), "export default (x) => Number.NaN;\n");
  await cli("decompose", path("good.npy"), "--out", path("good.npz"));
});

/** Arguments (a leading @ stands for the temporary folder) and what the one line must say. */
const cases: [string, string[], RegExp][] = [
  ["an unknown command", ["decompse", "x"], /unknown command 'decompse'/],
  ["an unknown option", ["decompose", "@good.npy", "--tolerance", "1"], /unknown option '--tolerance'/],
  ["no file", ["decompose"], /missing required argument 'file'/],
  ["too many files", ["decompose", "@good.npy", "@good.npy"], /too many arguments/],
  ["a missing file", ["decompose", "@absent.npy"], /absent\.npy: no such file/],
  ["an empty file", ["decompose", "@empty.npy"], /empty\.npy: the file is empty/],
  ["garbage", ["decompose", "@garbage.npy"], /not a \.npy file/],
  ["garbage with a header", ["decompose", "@garbage.safetensors"], /claims a header/],
  ["an unknown ending", ["decompose", "@x.mat"], /cannot tell what it is/],
  ["a folder without pictures", ["decompose", "@no-pictures"], /holds no picture/],
  ["text in a table", ["decompose", "@text.csv"], /the column "name" \(text\) holds no numbers/],
  ["an array without elements", ["decompose", "@empty-array.npy"], /empty/],
  ["a scalar", ["decompose", "@scalar.npy"], /scalar/],
  [
    "values that are not finite",
    ["decompose", "@nan.npy"],
    /2 entries are not finite, the first at index \[0, 1\]; --missing nan/,
  ],
  ["Python objects", ["decompose", fixture("refused-objects.npy")], /Python objects/],
  ["several arrays", ["decompose", "@two.npz"], /holds 2 arrays, choose one by name: a, b/],
  ["an unknown array", ["decompose", "@two.npz", "--var", "c"], /no array "c"; it holds a, b/],
  ["--var for a single array", ["decompose", "@good.npy", "--var", "a"], /holds one array/],
  ['--var "*" without matrices', ["decompose", "@vectors.npz", "--var", "*"], /no array of two axes/],
  ['--var "*" for a single array', ["decompose", "@good.npy", "--var", "*"], /no named arrays/],
  ["--coo for an array", ["decompose", "@good.npy", "--coo"], /only tables/],
  [
    "a tolerance above 1",
    ["decompose", "@good.npy", "--tol", "1.5"],
    /expected a relative error from 0 to below 1/,
  ],
  ["a negative tolerance", ["decompose", "@good.npy", "--tol", "-0.1"], /expected a relative error/],
  ["a tolerance that is no number", ["decompose", "@good.npy", "--tol", "little"], /got "little"/],
  ["an unknown format", ["decompose", "@good.npy", "--format", "svd"], /Allowed choices are auto, cp/],
  ["a rank of 0", ["decompose", "@good.npy", "--format", "cp", "--rank", "0"], /an integer of 1 or more/],
  ["a rank without a format", ["decompose", "@good.npy", "--rank", "2"], /ranks belong to a format/],
  [
    "ranks that are no list",
    ["decompose", "@good.npy", "--format", "tucker", "--ranks", "2;2"],
    /joined by commas/,
  ],
  [
    "a tolerance and a budget",
    ["decompose", "@good.npy", "--tol", "0.1", "--max-bytes", "1k"],
    /exclude each other/,
  ],
  ["a budget that is no size", ["decompose", "@good.npy", "--max-bytes", "lots"], /a size such as/],
  ["an unknown dtype", ["decompose", "@good.npy", "--dtype", "int8"], /Allowed choices are float32, float64/],
  ["a fractional seed", ["decompose", "@good.npy", "--seed", "0.5"], /an integer of 0 or more/],
  ["time below 0", ["decompose", "@good.npy", "--max-seconds", "-1"], /positive number of seconds/],
  [
    "--nonnegative for a train",
    ["decompose", "@good.npy", "--format", "tt", "--nonnegative"],
    /for --format cp and tucker/,
  ],
  ["a result of another ending", ["decompose", "@good.npy", "--out", "@x.zip"], /\.safetensors or \.npz/],
  ["a result in no folder", ["decompose", "@good.npy", "--out", "@no/x.npz"], /the folder cannot be used/],
  ["a report of another ending", ["decompose", "@good.npy", "--report", "@x.pdf"], /\.html or \.json/],
  ["--dtype for complex numbers", ["decompose", fixture("c16-little.npy"), "--dtype", "float32"], /complex/],
  [
    "gaps in a train",
    ["decompose", "@nan.npy", "--missing", "nan", "--format", "tt"],
    /fills gaps with --format cp, tucker or auto/,
  ],
  [
    "gaps and a tolerance",
    ["decompose", "@nan.npy", "--missing", "nan", "--tol", "0.1"],
    /--tol does not go with missing values/,
  ],
  [
    "several arrays into a file",
    ["decompose", "@two.npz", "--var", "*", "--out", "@good.npy"],
    /--out names a folder/,
  ],
  ["reconstruct without --out", ["reconstruct", "@good.npy"], /required option '--out <file>'/],
  ["reconstruct of an array", ["reconstruct", "@two.npz", "--out", "@y.npy"], /no decomposition/],
  [
    "reconstruct of another ending",
    ["reconstruct", "@good.npy", "--out", "@y.npy"],
    /\.safetensors or \.npz/,
  ],
  [
    "reconstruct to another ending",
    ["reconstruct", "@two.npz", "--out", "@y.txt"],
    /endings that are written/,
  ],
  [
    "a slice that does not fit",
    ["reconstruct", "@good.npz", "--out", "@y.npy", "--slice", "7,0"],
    /: --slice: position 7 is out of range/,
  ],
  ["an array that ends early", ["inspect", "@cut.npy"], /cut\.npy: truncated/],
  ["garbage as an archive", ["inspect", "@garbage.npz"], /garbage\.npz: not a readable \.npz/],
  ["garbage that steers a terminal", ["inspect", "@garbage.tns"], /line 1: index "·\[31m1" is not/],
  ["a header beyond any file", ["inspect", "@huge.safetensors"], /claims a header of/],
  ["a table without rows", ["inspect", "@header.csv"], /a header, but no rows/],
  [
    "more ranks than the shape has",
    ["decompose", "@good.npy", "--format", "tt", "--ranks", "2,2"],
    /: --ranks: /,
  ],
  [
    "a rank beyond an axis",
    ["decompose", "@good.npy", "--format", "tucker", "--ranks", "9,9"],
    /: --ranks: rank 0 must be an integer from 1 to 2, got 9/,
  ],
  ["only gaps", ["decompose", "@gaps.npy", "--missing", "nan"], /gaps\.npy: every value is missing/],
  ["--dtype for a list of entries", ["decompose", "@entries.tns", "--dtype", "float32"], /list of entries/],
  ["only gaps to complete", ["complete", "@gaps.npy"], /gaps\.npy: every value is missing/],
  ["nothing to complete", ["complete", "@good.npy"], /nothing is missing/],
  [
    "too few cells to learn from",
    ["complete", "@nan.npy", "--method", "neural"],
    /: nan\.npy: at least 20 cells were expected, got 1/,
  ],
  [
    "a graph in parts",
    ["cluster", "@parts.csv", "--clusters", "2"],
    /parts\.csv: .* 2 parts .* 3 of 5 nodes; --component largest clusters that one/,
  ],
  ["more clusters than nodes", ["cluster", "@edges.csv", "--clusters", "9"], /: --clusters must be .* got 9/],
  ["a graph that is no table", ["cluster", "@good.npy", "--clusters", "2"], /table was expected/],
  [
    "costs of another shape",
    ["transport", "@weights.npy", "@weights.npy", "--cost", "@points.npy"],
    /points\.npy must be \[2, 2\]/,
  ],
  [
    "costs that are not finite",
    ["transport", "@weights.npy", "@weights.npy", "--cost", "@cost.npy"],
    /cost\.npy must be finite/,
  ],
  [
    "negative weights",
    ["transport", "@negative.npy", "@weights.npy", "--cost", "@good.npy"],
    /negative\.npy must be finite and not negative/,
  ],
  [
    "points of two dimensions",
    ["transport", "@points.npy", "@good.npy"],
    /points\.npy and .*good\.npy: points \[n, d\]/,
  ],
  ["no points", ["transport", "@empty-array.npy", "@empty-array.npy"], /no elements/],
  ["an empty pattern", ["match", "@empty.txt", "@text.csv"], /the pattern is empty/],
  ["a pattern longer than its text", ["match", "@text.csv", "@empty.txt"], /the text only 0/],
  ["a function that is NaN", ["approximate", "@nowhere.mjs"], /nowhere\.mjs: the function is NaN at/],
  ["an array as a function", ["approximate", "@good.npy"], /a module \.js/],
  ["inspect of a missing file", ["inspect", "@absent.npz"], /no such file/],
  ["an unknown study", ["run", "no-such-study"], /no study "no-such-study"/],
  ["an unknown scale", ["run", "no-such-study", "--scale", "huge"], /Allowed choices are quick, full/],
];

describe("bad input ends with 2 and one line", () => {
  for (const [name, argv, message] of cases)
    it(name, async () => {
      const { code, out, err } = await cli(
        ...argv.map((word) => (word.startsWith("@") ? path(word.slice(1)) : word)),
      );
      expect(err).toMatch(message);
      expect(err).toMatch(/^polyadic: [^\n]+\n$/);
      expect(err).not.toMatch(/\n\s+at /);
      expect(code).toBe(2);
      expect(out).toBe("");
    });
});
