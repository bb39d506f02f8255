// Numbers as people read them.

/** `2,426,880`; fractions with four significant digits; `1.2e-7` for the very small. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not known" : value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString("en-US");
  const magnitude = Math.abs(value);
  if (magnitude < 1e-4 || magnitude >= 1e9) return value.toExponential(2).replace("e+", "e");
  return Number(value.toPrecision(4)).toLocaleString("en-US", { maximumFractionDigits: 8 });
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes in decimal units: `412 B`, `48.3 kB`, `1.2 MB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return "not known";
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const text = unit === 0 ? String(Math.round(value)) : trimmed(value, value < 10 ? 2 : value < 100 ? 1 : 0);
  return `${text} ${UNITS[unit]}`;
}

const trimmed = (value: number, digits: number): string => String(Number(value.toFixed(digits)));

/** A ratio as a percentage with three significant digits, `4.98 %`; the very small as they are: `2.5e-7`. */
export function formatPercent(ratio: number): string {
  if (!Number.isFinite(ratio)) return "not known";
  const percent = ratio * 100;
  if (percent !== 0 && Math.abs(percent) < 1e-2) return ratio.toExponential(1).replace(".0e", "e");
  return `${Number(percent.toPrecision(3))} %`;
}

/** How many times smaller: `22`, `3.4`, `1,250`. */
export function formatFactor(factor: number): string {
  if (!Number.isFinite(factor)) return "∞";
  return factor >= 100 ? Math.round(factor).toLocaleString("en-US") : String(Number(factor.toPrecision(2)));
}

/** `350 ms`, `2.4 s`, `3 min 20 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${trimmed(seconds, 1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
