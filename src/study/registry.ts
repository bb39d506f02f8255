// Which studies there are: the files of the folder studies/, and no second list.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DomainError } from "../tensor/errors.ts";
import type { Study } from "./study.ts";

/** Beside the built files, and where the sources of the repository are. */
const FOLDERS = ["./studies/", "../../studies/"] as const;

function studyFolder(): string | undefined {
  return FOLDERS.map((folder) => fileURLToPath(new URL(folder, import.meta.url))).find((folder) =>
    existsSync(folder),
  );
}

/** Ids of all studies, in alphabetical order. */
export async function studyIds(): Promise<string[]> {
  return [...(await studyFiles()).keys()];
}

/** One study. Throws DomainError, with ids that resemble it, for an unknown id. */
export async function loadStudy(id: string): Promise<Study> {
  const files = await studyFiles();
  const file = files.get(id);
  if (file === undefined) {
    const near = [...files.keys()].filter(
      (known) => known.includes(id) || id.includes(known) || sharesWord(known, id),
    );
    throw new DomainError(
      `no study "${id}"${near.length > 0 ? `; similar: ${near.join(", ")}` : ""}; polyadic methods lists all`,
    );
  }
  const module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { default?: Study };
  const found = module.default;
  if (found?.id !== id)
    throw new DomainError(`studies/${basename(file)} exports the study "${found?.id}", not "${id}"`);
  return found;
}

/** Studies whose id, paper or claim holds every word of the query; all of them without one. */
export async function findStudies(query = ""): Promise<Study[]> {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const studies = await Promise.all((await studyIds()).map(loadStudy));
  return studies.filter(({ id, paper, claim }) => {
    const text = `${id} ${paper.title} ${paper.year} ${claim}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

const sharesWord = (a: string, b: string): boolean =>
  b.split("-").some((word) => word !== "" && a.split("-").includes(word));

/** The file of every study by id. */
async function studyFiles(): Promise<Map<string, string>> {
  const folder = studyFolder();
  if (folder === undefined) return new Map();
  const names = (await readdir(folder)).filter((name) => /^[^.]+\.(ts|m?js)$/.test(name)).sort();
  return new Map(names.map((name) => [name.replace(/\.\w+$/, ""), `${folder}${name}`]));
}
