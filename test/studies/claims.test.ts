import { expect, it } from "vitest";
import { loadStudy, studyIds } from "../../src/study/registry.ts";

it("studies have distinct claims", async () => {
  const ids = await studyIds();
  const claims = await Promise.all(ids.map(async (id) => (await loadStudy(id)).claim));
  expect(new Set(claims).size).toBe(ids.length);
});
