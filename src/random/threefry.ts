// Threefry-2x32 with 20 rounds: a counter-based generator, so that draw i of a key is a pure function of (key, i).
// Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3" (2011).

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const PARITY = 0x1bd11bda;

/**
 * Encrypts the counters (`high`, `first`), (`high`, `first + 1`), … under the key and stores both words of each block
 * into `out`, which must have even length.
 */
export function threefry(key0: number, key1: number, high: number, first: number, out: Uint32Array): void {
  const schedule = [key0 | 0, key1 | 0, key0 ^ key1 ^ PARITY];
  for (let block = 0; 2 * block < out.length; block++) {
    let x = (high + schedule[0]!) | 0;
    let y = (first + block + schedule[1]!) | 0;
    for (let round = 0; round < 20; round++) {
      const r = ROTATIONS[round & 7]!;
      x = (x + y) | 0;
      y = ((y << r) | (y >>> (32 - r))) ^ x;
      if ((round & 3) === 3) {
        const injection = (round >> 2) + 1;
        x = (x + schedule[injection % 3]!) | 0;
        y = (y + schedule[(injection + 1) % 3]! + injection) | 0;
      }
    }
    out[2 * block] = x;
    out[2 * block + 1] = y;
  }
}
