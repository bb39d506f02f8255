// Every study of the repository at its quick size, in parts of which each has a worker of its own.
import { describe, expect, it } from "vitest";
import { loadStudy, studyIds } from "../../src/study/registry.ts";
import { renderStudyText } from "../../src/study/render.ts";
import { runStudy } from "../../src/study/run.ts";

const PARTS = 4;

/** Runs every fourth study, from the given one on. */
export async function runPart(part: number): Promise<void> {
  const ids = (await studyIds()).filter((_, i) => i % PARTS === part);
  describe("studies", () => {
    // Seconds on an idle machine; a busy one may take several times as long.
    for (const id of ids)
      it(id, { timeout: 240_000 }, async () => {
        const outcome = await runStudy(await loadStudy(id));
        expect(outcome.passed, renderStudyText(outcome)).toBe(true);
      });
  });
}
