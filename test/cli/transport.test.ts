import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Tensor, tensor } from "polyadic";
import { readNpy, writeNpy } from "polyadic/io";
import { key, uniform } from "polyadic/random";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../io/folder.ts";
import { cli } from "./capture.ts";

const path = temporaryFolder();

describe("polyadic transport", () => {
  it("carries points to shifted points, with a plan and a report", async () => {
    const points = uniform(key(1), [12, 2]);
    await writeNpy(path("a.npy"), points);
    await writeNpy(path("b.npy"), points.add(tensor([1, 0])));
    for (const method of ["newton", "sinkhorn"]) {
      const out = path(`plan-${method}.npy`);
      const {
        code,
        out: text,
        err,
      } = await cli(
        ...["transport", path("a.npy"), path("b.npy"), "--eta", "50", "--tol", "1e-8", "--json"],
        ...["--method", method, "--out", out, "--report", path(`${method}.html`)],
      );
      expect(err).toBe("");
      expect(code).toBe(0);
      const report = JSON.parse(text) as { cost: number; converged: boolean; shape: number[] };
      expect(report.converged).toBe(true);
      expect(report.shape).toEqual([12, 12]);
      // The shift itself is the best plan; entropy adds less than ln(n) / eta.
      expect(report.cost).toBeGreaterThan(0.999);
      expect(report.cost).toBeLessThan(1 + Math.log(144) / 50);
      const plan = await readNpy(out);
      expect(
        plan
          .sum({ axis: 1 })
          .sub(1 / 12)
          .abs()
          .max()
          .item(),
      ).toBeLessThan(1e-8);
      expect(readFileSync(path(`${method}.html`), "utf8")).toMatch(/<svg[\s\S]*<path/);
    }
  });

  it("takes weights with a matrix of costs, and divides them by their sum", async () => {
    await writeNpy(path("w.npy"), tensor([1, 1, 2]));
    writeFileSync(path("v.csv"), "weight\n3\n0\n1\n");
    await writeNpy(
      path("c.npy"),
      tensor([
        [0, 1, 2],
        [1, 0, 1],
        [2, 1, 0],
      ]),
    );
    const args = ["transport", path("w.npy"), path("v.csv"), "--cost", path("c.npy")];
    const { code, out } = await cli(...args, "--out", path("p.npy"), "--report", path("r.svg"));
    expect(code).toBe(0);
    expect(out).toMatch(/divided by their sum 4/);
    expect(readFileSync(path("r.svg"), "utf8")).toMatch(/^<svg/);
    const plan = await readNpy(path("p.npy"));
    expect(plan.at(":", 1).abs().max().item()).toBe(0);
    // One quarter goes from the second place to the first, one from the third to the first.
    expect((JSON.parse((await cli(...args, "--json")).out) as { cost: number }).cost).toBeCloseTo(0.75, 2);
  });

  it.each([
    ["weights without costs", ["@w.npy", "@w.npy"], /add --cost/],
    ["costs of another shape", ["@w.npy", "@w.npy", "--cost", "@wrong.npy"], /wrong\.npy must be \[3, 3\]/],
    ["eta of 0", ["@w.npy", "@w.npy", "--eta", "0"], /positive number/],
    ["an unknown ending", ["@w.npy", "@w.npy", "--out", "@plan.txt"], /endings that are written/],
    ["a report of another kind", ["@w.npy", "@w.npy", "--report", "@r.png"], /\.html, \.svg or \.json/],
    ["negative weights", ["@minus.npy", "@w.npy", "--cost", "@c.npy"], /not negative/],
    ["points of different dimension", ["@x2.npy", "@x3.npy"], /\[n, d\] and \[m, d\]/],
    ["three axes", ["@cube.npy", "@w.npy"], /one or two axes/],
  ])("%s: one line, no file", async (_, args, message) => {
    await writeNpy(path("w.npy"), tensor([1, 1, 2]));
    await writeNpy(path("c.npy"), new Tensor(new Float64Array(9), [3, 3], "float64"));
    await writeNpy(path("wrong.npy"), new Tensor(new Float64Array(6), [3, 2], "float64"));
    await writeNpy(path("minus.npy"), tensor([3, -1, 2]));
    await writeNpy(path("x2.npy"), uniform(key(0), [4, 2]));
    await writeNpy(path("x3.npy"), uniform(key(0), [4, 3]));
    await writeNpy(path("cube.npy"), uniform(key(0), [2, 2, 2]));
    const full = args.map((arg) => (arg.startsWith("@") ? path(arg.slice(1)) : arg));
    const { code, err } = await cli("transport", ...full);
    expect(code).toBe(2);
    expect(err.trim().split("\n").length).toBe(1);
    expect(err).toMatch(message);
    expect(existsSync(path("plan.txt"))).toBe(false);
  });
});
