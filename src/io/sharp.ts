// The optional package sharp, which reads and writes pictures.
import type { Sharp, SharpOptions } from "sharp";
import { optionalPackage } from "../tensor/packages.ts";

export type SharpFactory = (input: Uint8Array, options?: SharpOptions) => Sharp;

/** Throws MissingPackageError when sharp is not installed. */
export const loadSharp = async (): Promise<SharpFactory> =>
  (await optionalPackage("sharp", "reading and writing images", () => import("sharp"))).default;
