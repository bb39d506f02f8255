// Every study of the repository, at its quick size.
import { describe, expect, it } from "vitest";
import { loadStudy, studyIds } from "../src/study/registry.ts";
import { renderStudyText } from "../src/study/render.ts";
import { runStudy } from "../src/study/run.ts";

describe("studies", async () => {
  const ids = await studyIds();

  it("have distinct claims", async () => {
    const claims = await Promise.all(ids.map(async (id) => (await loadStudy(id)).claim));
    expect(new Set(claims).size).toBe(ids.length);
  });

  for (const id of ids)
    it(id, async () => {
      const outcome = await runStudy(await loadStudy(id));
      expect(outcome.passed, renderStudyText(outcome)).toBe(true);
    });
});
