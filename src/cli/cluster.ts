// polyadic cluster: communities of a graph by its links and the attributes of its nodes.
import { type Command, Option } from "commander";
import { checkedAdjacency, components } from "../graph/adjacency.ts";
import { type AttributedClusters, clusterAttributedGraph } from "../graph/clusterAttributed.ts";
import { writeFileAtomic } from "../io/files.ts";
import { type GraphTable, type NodeAttributes, readGraph, readNodeAttributes } from "../io/graphTables.ts";
import { isTablePath } from "../io/tables.ts";
import { chartFigure } from "../plot/chart.ts";
import { escapeText } from "../plot/markup.ts";
import { key } from "../random/key.ts";
import { progressBar } from "../report/progressBar.ts";
import { STYLE } from "../report/style.ts";
import { formatTable } from "../report/table.ts";
import { FileError } from "../tensor/errors.ts";
import { parseCount, parseSeed } from "./options.ts";
import { inkFor, type Streams, widthOf } from "./streams.ts";
import { checkFolderOf, inWordsOf, UsageError } from "./usage.ts";

interface Flags {
  readonly clusters: number;
  readonly attributes?: string;
  readonly weighting: "none" | "singular";
  readonly component: "all" | "largest";
  readonly restarts: number;
  readonly out?: string;
  readonly report?: string;
  readonly seed: number;
  readonly json?: true;
}

/** Adds the command to the program. */
export function addCluster(program: Command, streams: Streams): void {
  program
    .command("cluster")
    .description("find communities of a graph by its links and the attributes of its nodes")
    .argument("<graph>", "table of edges: source,target or source,target,weight (.csv .tsv .parquet)")
    .requiredOption("--clusters <k>", "how many communities", parseCount)
    .option("--attributes <table>", "table with a header: a node's name, then its categories, one row a node")
    .addOption(
      new Option("--weighting <how>", "singular: trust the smoothest vectors more, better for clear links")
        .choices(["none", "singular"])
        .default("none"),
    )
    .addOption(
      new Option("--component <which>", "largest: leave out what is not connected to the most")
        .choices(["all", "largest"])
        .default("all"),
    )
    .option("--restarts <n>", "starts of k-means", parseCount, 100)
    .option("--out <file>", "write node,cluster: .csv")
    .option("--report <file>", "write a report: .html or .json")
    .option("--seed <n>", "seed of everything random", parseSeed, 0)
    .option("--json", "print the report as JSON")
    .action((graph: string, flags: Flags) => run(graph, flags, streams));
}

async function run(path: string, flags: Flags, streams: Streams): Promise<void> {
  const { attributes: table, out, report } = flags;
  for (const file of [path, ...(table === undefined ? [] : [table])])
    if (!isTablePath(file)) throw new FileError(`${file}: a .csv, .tsv or .parquet table was expected`);
  if (out !== undefined && !/\.csv$/i.test(out)) throw new UsageError(`${out}: --out writes .csv`);
  if (report !== undefined && !/\.(html?|json)$/i.test(report))
    throw new UsageError(`${report}: a report is written as .html or .json`);
  for (const file of [out, report]) if (file !== undefined) await checkFolderOf(file);
  const graph = await readGraph(path);
  const attributes = table === undefined ? null : await readNodeAttributes(table, graph.nodes);
  const found = search(path, graph, attributes, flags, streams);
  const summary = summarize(path, graph, attributes, found, flags);
  const clusters = found.labels.data();
  if (out !== undefined)
    await writeFileAtomic(
      out,
      `node,cluster\n${graph.nodes.map((name, i) => `${quoted(name)},${clusters[i]! < 0 ? "" : clusters[i]}\n`).join("")}`,
    );
  const json = `${JSON.stringify(summary, null, 2)}\n`;
  if (report !== undefined)
    await writeFileAtomic(report, /\.json$/i.test(report) ? json : await page(summary, found));
  if (flags.json) streams.stdout.write(json);
  else streams.stdout.write(text(summary, flags, streams));
}

function search(
  path: string,
  { adjacency, nodes }: GraphTable,
  attributes: NodeAttributes | null,
  { clusters, weighting, component, restarts, seed }: Flags,
  { stderr }: Streams,
): AttributedClusters {
  const { count, sizes } = components(checkedAdjacency(path, adjacency).pattern);
  if (count > 1 && component === "all")
    throw new UsageError(
      `${path}: the graph falls into ${count} parts that no edge connects, the largest of ${Math.max(...sizes)} of ${nodes.length} nodes; --component largest clusters that one`,
    );
  const bar = progressBar(stderr);
  try {
    return inWordsOf(path, { clusters: "--clusters" }, () =>
      clusterAttributedGraph(key(seed), adjacency, attributes?.labels ?? null, {
        clusters,
        weighting,
        component,
        restarts,
        onProgress: (progress) => bar.update(progress),
      }),
    );
  } finally {
    bar.stop();
  }
}

interface ClusterSummary {
  readonly cluster: number;
  readonly nodes: number;
  /** Some of the nodes. */
  readonly examples: readonly string[];
  /** The most frequent value of each attribute, and the share of nodes that have it. */
  readonly attributes: Readonly<Record<string, { readonly value: string; readonly share: number }>>;
}

interface Summary {
  readonly graph: string;
  readonly nodes: number;
  readonly edges: number;
  readonly attributes: readonly string[];
  readonly leftOut: number;
  readonly modularity: number;
  readonly entropy: number | null;
  readonly hierarchies: number;
  readonly seed: number;
  readonly clusters: readonly ClusterSummary[];
  readonly notes: readonly string[];
}

const EXAMPLES = 4;

function summarize(
  path: string,
  { nodes, adjacency, notes }: GraphTable,
  attributes: NodeAttributes | null,
  found: AttributedClusters,
  flags: Flags,
): Summary {
  const of = found.labels.data();
  const members = Array.from({ length: flags.clusters }, (): number[] => []);
  for (const i of nodes.keys()) members[of[i]!]?.push(i);
  const kinds = attributes?.kinds ?? [];
  const labels = attributes?.labels.data() ?? [];
  const commonest = (list: readonly number[], kind: number): { value: string; share: number } => {
    const counts = new Map<number, number>();
    for (const i of list) {
      const value = labels[i * kinds.length + kind]!;
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    const [value, count] = [...counts].reduce((best, next) => (next[1] > best[1] ? next : best));
    return { value: attributes!.values[kind]![value]!, share: count / list.length };
  };
  return {
    graph: path,
    nodes: nodes.length,
    edges: adjacency.nnz / 2,
    attributes: kinds,
    leftOut: Array.from(of as Int32Array).filter((cluster) => cluster < 0).length,
    modularity: found.modularity,
    entropy: found.entropy,
    hierarchies: found.hierarchies,
    seed: flags.seed,
    clusters: members
      .map((list, cluster) => ({
        cluster,
        nodes: list.length,
        examples: list.slice(0, EXAMPLES).map((i) => nodes[i]!),
        attributes: Object.fromEntries(
          list.length === 0 ? [] : kinds.map((name, kind) => [name, commonest(list, kind)]),
        ),
      }))
      .filter((own) => own.nodes > 0),
    notes: [...notes, ...(attributes?.notes ?? [])],
  };
}

/** A field of a csv file. */
const quoted = (field: string): string =>
  /[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;

const percent = (share: number): string => `${Math.round(100 * share)} %`;

function cells({ clusters, attributes }: Summary): { head: string[]; rows: string[][] } {
  return {
    head: ["cluster", "nodes", ...attributes, "such as"],
    rows: clusters.map((own) => [
      String(own.cluster),
      String(own.nodes),
      ...attributes.map((name) => {
        const { value, share } = own.attributes[name]!;
        return `${value || "(empty)"} ${percent(share)}`;
      }),
      `${own.examples.join(", ")}${own.nodes > own.examples.length ? ", …" : ""}`,
    ]),
  };
}

const sentence = ({ nodes, edges, leftOut, modularity, entropy }: Summary): string =>
  `${nodes} nodes, ${edges} edges${leftOut > 0 ? `, ${leftOut} nodes outside of the largest component` : ""}; modularity ${modularity.toFixed(3)}${entropy === null ? "" : `, entropy of attributes inside of clusters ${entropy.toFixed(3)} bits`}`;

function text(summary: Summary, { out, report }: Flags, { stdout }: Streams): string {
  const { head, rows } = cells(summary);
  const ink = inkFor(stdout);
  return [
    sentence(summary),
    "",
    ...formatTable(head, rows, { right: [0, 1], width: widthOf(stdout), ink }),
    ...(summary.notes.length > 0 ? ["", ...summary.notes] : []),
    ...(out === undefined ? [] : ["", `wrote ${out}`]),
    ...(report === undefined ? [] : ["", `wrote ${report}`]),
    "",
  ].join("\n");
}

/** The report as one HTML file, without scripts. */
async function page(summary: Summary, { history }: AttributedClusters): Promise<string> {
  const { head, rows } = cells(summary);
  const row = (tag: "th" | "td", fields: readonly string[]): string =>
    `<tr>${fields.map((field) => `<${tag}>${escapeText(field)}</${tag}>`).join("")}</tr>`;
  const chart = await chartFigure(
    {
      x: { label: "start of k-means", format: "count" },
      y: { label: "modularity of the best so far" },
      series: [{ name: "modularity", points: history.map((value, i) => [i + 1, value]) }],
    },
    { width: 960, height: 320 },
  );
  const notes = summary.notes.map((note) => `<li>${escapeText(note)}</li>`).join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(summary.graph)} — polyadic report</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header><p class="kicker">polyadic cluster</p><h1>${escapeText(summary.graph)}</h1><p class="choice">${escapeText(sentence(summary))}</p></header>
<section><h2>Communities</h2><p class="explain">For each attribute its most frequent value, and the share of nodes that have it.</p><div class="scroll"><table><thead>${row("th", head)}</thead><tbody>${rows.map((fields) => row("td", fields)).join("")}</tbody></table></div></section>
<section><h2>Starts</h2><p class="explain">Of all starts, the partition of the largest modularity is kept. Where the line still rises at its end, more starts (--restarts) may help.</p>${chart}</section>
${notes === "" ? "" : `<section><h2>Notes</h2><ul>${notes}</ul></section>`}
</main>
</body>
</html>
`;
}
