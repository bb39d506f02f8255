// Sine, cosine and tangent that hold their accuracy for huge arguments close to a multiple of π/2.
//
// The accuracy of Math.cos is up to the engine: Chromium's loses 4 bits at 5.3e255, which differs from a zero of the
// cosine by 5e-19. Where a large argument gives a result so close to a zero or a pole, the distance from it is computed
// from the digits of π; few arguments ever get there.

const LARGE = 2 ** 20;
const SMALL = 2 ** -40;

/** Bits after the point: 1024 for the largest quotient, 53 for the result and 62 for the zeros before it, and some more. */
const BITS = 1216n;
let halfPi: bigint | undefined;

/** arctan(1/n) with `BITS` bits after the point, by its series. */
function arctanOfInverse(n: bigint): bigint {
  let power = (1n << BITS) / n;
  let sum = power;
  for (let k = 3n; power !== 0n; k += 2n) {
    power /= -n * n;
    sum += power / k;
  }
  return sum;
}

/** How far a large x is from the nearest multiple of π/2, to the last bit; Machin: π = 16 arctan 1/5 − 4 arctan 1/239. */
function distance(x: number): number {
  halfPi ??= 8n * arctanOfInverse(5n) - 2n * arctanOfInverse(239n);
  // In two steps: x has bits down to 2⁻³², and times 2³² it could overflow.
  const whole = Math.floor(Math.abs(x));
  const fraction = BigInt((Math.abs(x) - whole) * 2 ** 32);
  const rest = ((BigInt(whole) << BITS) + (fraction << (BITS - 32n))) % halfPi;
  const nearest = 2n * rest > halfPi ? halfPi - rest : rest;
  return Number(nearest >> 416n) * 2 ** -800;
}

const isDoubtful = (x: number, y: number): boolean => Math.abs(y) < SMALL && Math.abs(x) > LARGE;

export function sin(x: number): number {
  const y = Math.sin(x);
  return isDoubtful(x, y) ? Math.sign(y) * distance(x) : y;
}

export function cos(x: number): number {
  const y = Math.cos(x);
  return isDoubtful(x, y) ? Math.sign(y) * distance(x) : y;
}

export function tan(x: number): number {
  const y = Math.tan(x);
  if (isDoubtful(x, y)) return Math.sign(y) * distance(x);
  return isDoubtful(x, 1 / y) ? Math.sign(y) / distance(x) : y;
}
