import { expect, it } from "vitest";
import {
  formatBytes,
  formatFactor,
  formatNumber,
  formatPercent,
  formatSeconds,
} from "../../src/plot/format.ts";

it("numbers", () => {
  expect([2426880, 0.123456, 1.2e-7, 3.5e12 + 0.5, -0.5, Number.NaN].map(formatNumber)).toEqual([
    "2,426,880",
    "0.1235",
    "1.20e-7",
    "3.50e12",
    "-0.5",
    "not known",
  ]);
});

it("bytes change unit before they need four digits", () => {
  expect([0, 999, 1000, 48_345, 999_499, 999_500, 1.234e9].map(formatBytes)).toEqual([
    "0 B",
    "999 B",
    "1 kB",
    "48.3 kB",
    "999 kB",
    "1 MB",
    "1.23 GB",
  ]);
});

it("errors as percentages, the very small as ratios", () => {
  expect([0, 0.0498, 0.05, 1e-6, 0.0001, Number.NaN].map(formatPercent)).toEqual([
    "0 %",
    "4.98 %",
    "5 %",
    "1e-6",
    "0.01 %",
    "not known",
  ]);
});

it("factors and times", () => {
  expect([22.4, 1250.4, 1.26].map(formatFactor)).toEqual(["22", "1,250", "1.3"]);
  expect([0.35, 2.44, 200].map(formatSeconds)).toEqual(["350 ms", "2.4 s", "3 min 20 s"]);
});
