import { existsSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { readFunction } from "../../src/io/functionFile.ts";
import { tensor } from "../../src/tensor/create.ts";
import { temporaryFolder } from "../io/folder.ts";
import { cli } from "./capture.ts";

const path = temporaryFolder();

beforeAll(() => {
  writeFileSync(
    path("model.mjs"),
    "export default (x, y) => Math.exp(x * y);\nexport const bad = (x, y) => (x > 0 ? NaN : y);\nexport const many = (...x) => x[0];\n",
  );
  writeFileSync(path("broken.mjs"), "export default (;");
  writeFileSync(path("broken.ts"), "export default (x: number => x;");
  // An enum and an import without an ending: more than Node's own stripping of types would take.
  writeFileSync(path("scale.ts"), "export enum Scale { Half = 0.5 }\n");
  writeFileSync(
    path("model.ts"),
    'import { Scale } from "./scale";\nexport default (x: number, y: number): number => Math.exp(2 * Scale.Half * x * y);\n',
  );
});

describe("polyadic approximate", () => {
  for (const [format, module] of [
    ["cheb-tucker", "model.mjs"],
    ["tt", "model.mjs"],
    ["tt", "model.ts"],
  ] as const)
    it(`writes a function that reads back (${format}, ${module})`, async () => {
      const out = path(`${format}.safetensors`);
      const run = await cli("approximate", path(module), "--format", format, "--out", out);
      expect(run.code, run.err).toBe(0);
      const { function: f, info } = await readFunction(out);
      expect(info.error).toBeLessThan(1e-5);
      expect(Math.abs(f.evaluate(tensor([[0.5, -0.5]])).item() - Math.exp(-0.25))).toBeLessThan(1e-5);
      const shown = await cli("inspect", out);
      expect(shown.out).toMatch(/a function of 2 variables/);
    });

  const cases: [string, string[], RegExp][] = [
    ["no module", ["absent.mjs"], /no such file/],
    ["a module that does not parse", ["broken.mjs"], /cannot be loaded/],
    ["a TypeScript module that does not parse", ["broken.ts"], /cannot be loaded/],
    ["an export that is none", ["model.mjs", "--export", "f"], /no exported function "f"; --export takes/],
    ["values that are not numbers", ["model.mjs", "--export", "bad"], /is NaN at the point/],
    ["no number of arguments", ["model.mjs", "--export", "many"], /give --domain/],
    ["an interval the wrong way", ["model.mjs", "--domain", "1:0"], /expected intervals a:b/],
    ["a wrong number of intervals", ["model.mjs", "--domain", "0:1,0:1,0:1"], /takes 2 arguments/],
  ];
  for (const [what, [module, ...rest], message] of cases)
    it(`refuses ${what}, writing nothing`, async () => {
      const out = path("never.safetensors");
      const run = await cli("approximate", path(module!), ...rest, "--out", out);
      expect(run.code).toBe(2);
      expect(run.err).toMatch(message);
      expect(existsSync(out)).toBe(false);
    });
});
