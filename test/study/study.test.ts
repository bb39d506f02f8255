import { describe, expect, it } from "vitest";
import { normal } from "../../src/random/distributions.ts";
import { atLeast, atMost, between } from "../../src/study/expect.ts";
import { findStudies, loadStudy, studyIds } from "../../src/study/registry.ts";
import { renderStudyHtml, renderStudyText } from "../../src/study/render.ts";
import { runStudy } from "../../src/study/run.ts";
import { study } from "../../src/study/study.ts";
import { DomainError } from "../../src/tensor/errors.ts";

describe("expectations", () => {
  it("hold at their bounds and for no NaN", () => {
    const cases = [
      [atLeast(5), [5, 6], [4.999, Number.NaN]],
      [atMost(5), [5, -6], [5.001, Number.NaN]],
      [between(1, 2), [1, 1.5, 2], [0.999, 2.001, Number.NaN]],
    ] as const;
    for (const [expectation, inside, outside] of cases) {
      for (const value of inside)
        expect(expectation.holds(value), `${expectation.text}: ${value}`).toBe(true);
      for (const value of outside)
        expect(expectation.holds(value), `${expectation.text}: ${value}`).toBe(false);
    }
  });
});

const averaging = study({
  id: "averaging",
  paper: { title: "On the mean", year: 1809 },
  claim: "The mean of n draws has 1/√n of their spread.",
  baseline: "a single draw",
  run({ key, scale, report }) {
    const n = scale === "quick" ? 100 : 10_000;
    const draws = normal(key, [n]).data() as Float64Array;
    const mean = draws.reduce((sum, value) => sum + value, 0) / n;
    report.table([{ draws: n, mean, small: Math.abs(mean) < 1 }], "Means");
    report.plot({
      x: { label: "draw" },
      y: { label: "value" },
      series: [
        { name: "draws", style: "dots", points: [...draws.slice(0, 5)].map((value, i) => [i, value]) },
      ],
    });
    report.note("A <note>.");
    return { size: Math.abs(mean), draws: n };
  },
  expect: { size: atMost(0.5) },
});

describe("runStudy", () => {
  it("expects more, or other bounds, at full scale", async () => {
    const both = study({
      ...averaging,
      expectAtFullScale: { size: atMost(0.05), draws: atLeast(10_000), missing: atLeast(0) },
    });
    expect((await runStudy(both, { seed: 3 })).checks.map(({ name }) => name)).toEqual(["size"]);
    const { checks, passed } = await runStudy(both, { seed: 3, scale: "full" });
    expect(checks.map(({ name, expected, holds }) => [name, expected, holds])).toEqual([
      ["size", "at most 0.05", true],
      ["draws", "at least 10000", true],
      ["missing", "at least 0", false],
    ]);
    expect(passed).toBe(false);
  });

  it("measures, checks, and gathers what the study reports", async () => {
    const outcome = await runStudy(averaging, { seed: 3 });
    expect(outcome.passed).toBe(true);
    expect(outcome.checks).toEqual([
      { name: "size", expected: "at most 0.5", measured: outcome.measured.size, holds: true },
    ]);
    expect(outcome.tables[0]!.title).toBe("Means");
    expect(outcome.plots).toHaveLength(1);
    expect(outcome).toMatchObject({ scale: "quick", seed: 3, baseline: "a single draw" });
  });

  it("is repeated exactly by its key, and differs for another", async () => {
    const [a, b, c] = await Promise.all([3, 3, 4].map((seed) => runStudy(averaging, { seed })));
    expect(a!.measured).toEqual(b!.measured);
    expect(a!.measured).not.toEqual(c!.measured);
  });

  it("fails for a number out of bounds, and for one that never came", async () => {
    const strict = { ...averaging, expect: { size: atMost(0), other: atLeast(0) } };
    const outcome = await runStudy(strict);
    expect(outcome.passed).toBe(false);
    expect(outcome.checks.map(({ holds }) => holds)).toEqual([false, false]);
    expect(outcome.checks[1]!.measured).toBeNull();
    expect(renderStudyText(outcome)).toMatch(/other\s+at least 0\s+not measured\s+FAILS/);
  });
});

describe("rendering", () => {
  it("text: claim, baseline, table, checks and verdict", async () => {
    const text = renderStudyText(await runStudy(averaging));
    for (const part of [
      "averaging  On the mean (1809)",
      "claim: The mean",
      "against: a single draw",
      "Means",
      "holds",
      "passed in",
    ])
      expect(text).toContain(part);
  });

  it("html: self-contained, with the plot drawn and text escaped", async () => {
    const html = await renderStudyHtml(await runStudy(averaging));
    expect(html).toContain("<svg");
    expect(html).toContain("A &lt;note&gt;.");
    expect(html).not.toMatch(/<script|<link|(src|href)="http/);
  });
});

describe("the registry", () => {
  it("refuses ids and studies that will not do", () => {
    expect(() => study({ ...averaging, id: "Not An Id" })).toThrow(DomainError);
    expect(() => study({ ...averaging, claim: " " })).toThrow(DomainError);
    expect(() => study({ ...averaging, expect: {} })).toThrow(DomainError);
  });

  it("says which studies resemble an unknown id", async () => {
    await expect(loadStudy("no-such-study")).rejects.toThrow(DomainError);
    expect((await findStudies()).map(({ id }) => id)).toEqual(await studyIds());
    expect(await findStudies("surely no study holds this word: xyzzy")).toEqual([]);
  });
});
