// When a factorization is left to the device.
import { device } from "../../device/current.ts";
import type { Lapack } from "../../device/lapack.ts";

/** Orders below which a foreign call costs more than it saves. */
const SMALLEST = 24;

/** The device's own factorizations, where it has them and matrices of that order are worth a call. */
export const lapackFor = (order: number): Lapack | undefined =>
  order >= SMALLEST ? device.lapack : undefined;
