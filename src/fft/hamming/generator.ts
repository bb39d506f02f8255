// A small generator of 32-bit words for hash functions inside of algorithms: quality beyond that of a linear congruence, and
// no dependence on the keys of polyadic/random beyond a seed.

/** Chris Doty-Humphrey's sfc32 (PractRand): words of 32 bits from a seed of two. */
export function wordsFrom(seed0: number, seed1: number): () => number {
  let a = seed0 | 0;
  let b = seed1 | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const next = (): number => {
    const out = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + out;
    c |= 0;
    return out >>> 0;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}
