import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cli } from "./capture.ts";

/** Two teams of five who all know each other, and one link between; names are text, also where they look like numbers. */
async function files(): Promise<{ folder: string; edges: string; table: string }> {
  const folder = await mkdtemp(join(tmpdir(), "polyadic-cluster-"));
  const names = ["ann", "bob", "cy", "dan", "eve", "01", "02", "03", "04", "05"];
  const lines = ["source,target,weight"];
  for (const base of [0, 5])
    for (let i = 0; i < 5; i++)
      for (let j = i + 1; j < 5; j++) lines.push(`${names[base + i]},${names[base + j]},2`);
  lines.push("eve,01,0.5", "eve,eve,1");
  const edges = join(folder, "edges.csv");
  const table = join(folder, "people.csv");
  await writeFile(edges, `${lines.join("\n")}\n`);
  await writeFile(
    table,
    `name,team\n${names.map((name, i) => `${name},${i < 5 ? "red" : "blue"}`).join("\n")}\n`,
  );
  return { folder, edges, table };
}

it("clusters a list of edges with attributes", async () => {
  const { folder, edges, table } = await files();
  const out = join(folder, "labels.csv");
  const report = join(folder, "report.html");
  const {
    code,
    out: text,
    err,
  } = await cli(
    ..."cluster".split(" "),
    edges,
    "--attributes",
    table,
    "--clusters",
    "2",
    "--out",
    out,
    "--report",
    report,
    "--json",
  );
  expect(err).toBe("");
  expect(code).toBe(0);
  const summary = JSON.parse(text) as {
    nodes: number;
    edges: number;
    entropy: number;
    clusters: { attributes: { team: { value: string; share: number } } }[];
    notes: string[];
  };
  expect(summary).toMatchObject({ nodes: 10, edges: 21, entropy: 0 });
  expect(summary.clusters.map(({ attributes }) => attributes.team)).toEqual([
    { value: "red", share: 1 },
    { value: "blue", share: 1 },
  ]);
  expect(summary.notes).toEqual(["1 edges from a node to itself were left out"]);
  const labels = await readFile(out, "utf8");
  expect(labels.split("\n").slice(0, 7)).toEqual([
    "node,cluster",
    "ann,0",
    "bob,0",
    "cy,0",
    "dan,0",
    "eve,0",
    "01,1",
  ]);
  expect(await readFile(report, "utf8")).toMatch(/<svg/);
  const plain = await cli("cluster", edges, "--clusters", "2");
  expect(plain.out).toMatch(/10 nodes, 21 edges; modularity 0\.4/);
});

it("reads edges without a header and weights", async () => {
  const { folder } = await files();
  const path = join(folder, "plain.csv");
  await writeFile(path, "a,b\nb,c\nc,a\nd,e\ne,f\nf,d\nc,d\n");
  const { code, out } = await cli("cluster", path, "--clusters", "2", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ nodes: 6, edges: 7, entropy: null });
});

it("bad input is one line", async () => {
  const { folder, edges, table } = await files();
  const error = async (...argv: string[]): Promise<string> => {
    const { code, err } = await cli("cluster", ...argv);
    expect(code).toBe(2);
    expect(err.trim().split("\n")).toHaveLength(1);
    return err;
  };
  const write = async (name: string, content: string): Promise<string> => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  expect(await error(edges)).toMatch(/--clusters/);
  expect(await error(edges, "--clusters", "11")).toMatch(/clusters must be an integer from 1 to 10/);
  const apart = await write("apart.csv", "a,b\nb,c\nx,y\n");
  expect(await error(apart, "--clusters", "2")).toMatch(/2 parts .* --component largest clusters that one/);
  expect((await cli("cluster", apart, "--clusters", "2", "--component", "largest")).code).toBe(0);
  const few = await write("few.csv", "name,team\nann,red\n");
  expect(await error(edges, "--clusters", "2", "--attributes", few)).toMatch(
    /9 nodes of the graph have no attributes: "bob"/,
  );
  const more = await write("more.csv", `${await readFile(table, "utf8")}zoe,red\n`);
  expect(await error(edges, "--clusters", "2", "--attributes", more)).toMatch(
    /1 of its nodes is not in the graph: "zoe"/,
  );
  const twice = await write("twice.csv", `${await readFile(table, "utf8")}ann,red\n`);
  expect(await error(edges, "--clusters", "2", "--attributes", twice)).toMatch(/"ann" has a row already/);
  expect(await error(await write("w.csv", "source,target,weight\na,b,-1\n"), "--clusters", "1")).toMatch(
    /row 2: a positive weight/,
  );
  expect(await error(await write("one.csv", "a\nb\n"), "--clusters", "1")).toMatch(/source, target/);
  expect(await error(join(folder, "none.csv"), "--clusters", "2")).toMatch(/no such file/);
  expect(await error(edges, "--clusters", "2", "--out", join(folder, "x.txt"))).toMatch(/writes .csv/);
});
