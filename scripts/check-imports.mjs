// Checks the house rules that biome cannot: a folder of src/ imports only from folders listed above it,
// files import the file that defines a name (not a folder's index.ts), and no import cycle exists.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative, sep } from "node:path";

/** The folders of src/ in the only order in which imports may run: from later to earlier. */
const ORDER = [
  "tensor",
  "device",
  "ops",
  "transform",
  "compiler",
  "fft",
  "special",
  "random",
  "quadrature",
  "sparse",
  "linalg",
  "interpolate",
  "optim",
  "nn",
  "decompose",
  "io",
  "plot",
  "report",
  "train",
  "ode",
  "physics",
  "rom",
  "lowrank",
  "quantize",
  "sequence",
  "operator",
  "equivariant",
  "graph",
  "field",
  "diffusion",
  "transport",
  "generative",
  "represent",
  "discover",
  "quantum",
  "encrypted",
  "distributed",
  "study",
  "cli",
];

const root = process.argv[2] ?? "src";
const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.split(sep).join("/"));
const problems = [];
const graph = new Map();

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b(?:[^;"']*?from)?\s*["'](\.[^"']+)["']|\bimport\(\s*["'](\.[^"']+)["']\s*\)/g;

/** Attaches the operations to tensors as methods; every public door loads it, so that no order of imports matters. */
const METHODS = "ops/methods.ts";

for (const file of files) {
  const folder = file.includes("/") ? file.slice(0, file.indexOf("/")) : "";
  if (folder && !ORDER.includes(folder))
    problems.push(`${file}: folder "${folder}" is not in the list of folders`);
  const source = readFileSync(join(root, file), "utf8");
  const targets = [];
  for (const match of source.matchAll(importPattern)) {
    const target = relative(root, normalize(join(root, dirname(file), match[1] ?? match[2])))
      .split(sep)
      .join("/");
    if (target.startsWith("..")) continue;
    targets.push(target);
    if (!files.includes(target)) problems.push(`${file}: imports ${target}, which does not exist`);
    const other = target.includes("/") ? target.slice(0, target.indexOf("/")) : "";
    const isIndex = file.endsWith("index.ts");
    if (isIndex && target === METHODS) continue;
    if (folder && other !== folder && ORDER.indexOf(other) > ORDER.indexOf(folder))
      problems.push(`${file}: imports ${target}, but ${folder}/ stands above ${other}/`);
    if (target.endsWith("/index.ts") && !isIndex)
      problems.push(`${file}: imports ${target}; import the file that defines the name instead`);
  }
  if (/^[a-z]+\/index\.ts$/.test(file) && !targets.includes(METHODS))
    problems.push(`${file}: must import ../${METHODS}`);
  graph.set(file, targets);
}

const state = new Map();
const visit = (file, trail) => {
  if (state.get(file) === "done") return;
  if (state.get(file) === "open") {
    problems.push(`cycle: ${[...trail.slice(trail.indexOf(file)), file].join(" -> ")}`);
    return;
  }
  state.set(file, "open");
  for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
  state.set(file, "done");
};
for (const file of files) visit(file, []);

if (problems.length) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log(`imports: ${files.length} files, one direction, no cycle`);
