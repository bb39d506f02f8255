// Carlson's symmetric elliptic integrals by duplication, with series of fifth to seventh order (Carlson, Numerical computation
// of real or complex elliptic integrals, 1995; DLMF 19.36).

/** R_F(x, y, z) = ½ ∫₀^∞ dt / √((t + x)(t + y)(t + z)): at most one argument may be 0, else ∞; NaN for negative ones. */
export function carlsonRF(x: number, y: number, z: number): number {
  if (!(x >= 0 && y >= 0 && z >= 0)) return Number.NaN;
  if (x + y === 0 || y + z === 0 || x + z === 0) return Number.POSITIVE_INFINITY;
  if (Math.max(x, y, z) === Number.POSITIVE_INFINITY) return 0;
  let a = (x + y + z) / 3;
  const a0 = a;
  const q = Math.max(Math.abs(a - x), Math.abs(a - y), Math.abs(a - z)) * 520;
  let [u, v, w] = [x, y, z];
  let scale = 1;
  while (scale * q > Math.abs(a)) {
    const [p, r, s] = [Math.sqrt(u), Math.sqrt(v), Math.sqrt(w)];
    const lambda = p * r + r * s + s * p;
    u = (u + lambda) / 4;
    v = (v + lambda) / 4;
    w = (w + lambda) / 4;
    a = (a + lambda) / 4;
    scale /= 4;
  }
  const dx = ((a0 - x) * scale) / a;
  const dy = ((a0 - y) * scale) / a;
  const dz = -dx - dy;
  const e2 = dx * dy - dz * dz;
  const e3 = dx * dy * dz;
  const sum =
    1 -
    e2 / 10 +
    e3 / 14 +
    (e2 * e2) / 24 -
    (3 * e2 * e3) / 44 -
    (5 * e2 ** 3) / 208 +
    (3 * e3 * e3) / 104 +
    (e2 * e2 * e3) / 16;
  return sum / Math.sqrt(a);
}

/** The last series of R_D and R_J in the symmetric functions of five deviations that add to 0. */
function seriesD(e2: number, e3: number, e4: number, e5: number): number {
  return (
    1 -
    (3 * e2) / 14 +
    e3 / 6 +
    (9 * e2 * e2) / 88 -
    (3 * e4) / 22 -
    (9 * e2 * e3) / 52 +
    (3 * e5) / 26 -
    e2 ** 3 / 16 +
    (3 * e3 * e3) / 40 +
    (3 * e2 * e4) / 20 +
    (45 * e2 * e2 * e3) / 272 -
    (9 * (e3 * e4 + e2 * e5)) / 68
  );
}

/** R_D(x, y, z) = R_J(x, y, z, z): z > 0 and at most one of x, y is 0. */
export function carlsonRD(x: number, y: number, z: number): number {
  if (!(x >= 0 && y >= 0 && z >= 0)) return Number.NaN;
  if (z === 0 || x + y === 0) return Number.POSITIVE_INFINITY;
  if (Math.max(x, y, z) === Number.POSITIVE_INFINITY) return 0;
  let a = (x + y + 3 * z) / 5;
  const a0 = a;
  const q = Math.max(Math.abs(a - x), Math.abs(a - y), Math.abs(a - z)) * 610;
  let [u, v, w] = [x, y, z];
  let scale = 1;
  let sum = 0;
  while (scale * q > Math.abs(a)) {
    const [p, r, s] = [Math.sqrt(u), Math.sqrt(v), Math.sqrt(w)];
    const lambda = p * r + r * s + s * p;
    sum += scale / (s * (w + lambda));
    u = (u + lambda) / 4;
    v = (v + lambda) / 4;
    w = (w + lambda) / 4;
    a = (a + lambda) / 4;
    scale /= 4;
  }
  const dx = ((a0 - x) * scale) / a;
  const dy = ((a0 - y) * scale) / a;
  const dz = -(dx + dy) / 3;
  const xy = dx * dy;
  const zz = dz * dz;
  const e2 = xy - 6 * zz;
  const e3 = (3 * xy - 8 * zz) * dz;
  const e4 = 3 * (xy - zz) * zz;
  const e5 = xy * zz * dz;
  return (scale * seriesD(e2, e3, e4, e5)) / (a * Math.sqrt(a)) + 3 * sum;
}

/** R_C(x, y) = R_F(x, y, y), for y < 0 the principal value: ∞ at y = 0, NaN for x < 0. */
export function carlsonRC(x: number, y: number): number {
  if (!(x >= 0) || Number.isNaN(y)) return Number.NaN;
  if (y === 0) return Number.POSITIVE_INFINITY;
  if (y < 0) return Math.sqrt(x / (x - y)) * carlsonRC(x - y, -y);
  if (x === Number.POSITIVE_INFINITY || y === Number.POSITIVE_INFINITY) return 0;
  const d = y - x;
  if (Math.abs(d) < 1e-3 * y) {
    let [u, v] = [x, y];
    let a = (u + 2 * v) / 3;
    let scale = 1;
    for (let k = 0; k < 3; k++) {
      const lambda = 2 * Math.sqrt(u) * Math.sqrt(v) + v;
      u = (u + lambda) / 4;
      v = (v + lambda) / 4;
      a = (a + lambda) / 4;
      scale /= 4;
    }
    const s = ((y - (x + 2 * y) / 3) * scale) / a;
    return (1 + s * s * (0.3 + s * (1 / 7 + s * (0.375 + (s * 9) / 22)))) / Math.sqrt(a);
  }
  if (d > 0) return (x === 0 ? Math.PI / 2 : Math.atan2(Math.sqrt(d), Math.sqrt(x))) / Math.sqrt(d);
  const root = Math.sqrt(-d);
  return Math.log((Math.sqrt(x) + root) / Math.sqrt(y)) / root;
}

/** R_J(x, y, z, p) = 3/2 ∫₀^∞ dt / ((t + p) √((t + x)(t + y)(t + z))), for p < 0 the principal value. */
export function carlsonRJ(x: number, y: number, z: number, p: number): number {
  if (!(x >= 0 && y >= 0 && z >= 0) || Number.isNaN(p)) return Number.NaN;
  if (p === 0 || x + y === 0 || y + z === 0 || x + z === 0) return Number.POSITIVE_INFINITY;
  if (Math.max(x, y, z, p) === Number.POSITIVE_INFINITY) return 0;
  if (p < 0) return principalRJ(x, y, z, -p);
  let a = (x + y + z + 2 * p) / 5;
  const a0 = a;
  const q = Math.max(Math.abs(a - x), Math.abs(a - y), Math.abs(a - z), Math.abs(a - p)) * 610;
  const delta = (p - x) * (p - y) * (p - z);
  let [u, v, w, t] = [x, y, z, p];
  let scale = 1;
  let sum = 0;
  while (scale * q > Math.abs(a)) {
    const [r, s, k, m] = [Math.sqrt(u), Math.sqrt(v), Math.sqrt(w), Math.sqrt(t)];
    const lambda = r * s + s * k + k * r;
    const d = (m + r) * (m + s) * (m + k);
    const e = (scale ** 3 * delta) / (d * d);
    sum += (scale / d) * carlsonRC(1, 1 + e);
    u = (u + lambda) / 4;
    v = (v + lambda) / 4;
    w = (w + lambda) / 4;
    t = (t + lambda) / 4;
    a = (a + lambda) / 4;
    scale /= 4;
  }
  const dx = ((a0 - x) * scale) / a;
  const dy = ((a0 - y) * scale) / a;
  const dz = ((a0 - z) * scale) / a;
  const dp = -(dx + dy + dz) / 2;
  const pp = dp * dp;
  const xyz = dx * dy * dz;
  const e2 = dx * dy + dx * dz + dy * dz - 3 * pp;
  const e3 = xyz + 2 * e2 * dp + 4 * dp * pp;
  const e4 = (2 * xyz + e2 * dp + 3 * dp * pp) * dp;
  const e5 = xyz * pp;
  return (scale * seriesD(e2, e3, e4, e5)) / (a * Math.sqrt(a)) + 6 * sum;
}

/** The principal value for -p < 0 (DLMF 19.20.14). */
function principalRJ(a: number, b: number, c: number, p: number): number {
  const [x, y, z] = [a, b, c].sort((s, t) => s - t) as [number, number, number];
  const q = (z * (x + y + p) - x * y) / (z + p);
  const value =
    (q - z) * carlsonRJ(x, y, z, q) -
    3 * carlsonRF(x, y, z) +
    3 * Math.sqrt((x * y * z) / (x * y + p * q)) * carlsonRC(x * y + p * q, p * q);
  return value / (z + p);
}
