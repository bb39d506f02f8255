// Rows that are kept whole, the shortest of them at hand: a heap by squared length.

export class HeavyRows {
  readonly #d: number;
  /** Squared lengths, heap-ordered. */
  readonly #squares: number[] = [];
  readonly #rows: Float64Array[] = [];
  /** Most rows that were ever held. */
  peak = 0;

  constructor(d: number) {
    this.#d = d;
  }

  get count(): number {
    return this.#rows.length;
  }

  /** Squared length of the shortest row; Infinity when there is none. */
  get least(): number {
    return this.#squares[0] ?? Number.POSITIVE_INFINITY;
  }

  /** Copies a row from an array. O(d + log count). */
  add(data: Float64Array, at: number, square: number): void {
    let i = this.#rows.length;
    this.#rows.push(data.slice(at, at + this.#d));
    this.#squares.push(square);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (this.#squares[parent]! <= square) break;
      this.#swap(i, parent);
      i = parent;
    }
    this.peak = Math.max(this.peak, this.#rows.length);
  }

  /** Takes the shortest row out. O(log count). */
  removeLeast(): Float64Array {
    const [first] = this.#rows;
    this.#swap(0, this.#rows.length - 1);
    this.#rows.pop();
    this.#squares.pop();
    const n = this.#rows.length;
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      let least = i;
      if (left < n && this.#squares[left]! < this.#squares[least]!) least = left;
      if (left + 1 < n && this.#squares[left + 1]! < this.#squares[least]!) least = left + 1;
      if (least === i) return first!;
      this.#swap(i, least);
      i = least;
    }
  }

  /** The rows, in no order. */
  all(): readonly Float64Array[] {
    return this.#rows;
  }

  #swap(i: number, j: number): void {
    [this.#squares[i], this.#squares[j]] = [this.#squares[j]!, this.#squares[i]!];
    [this.#rows[i], this.#rows[j]] = [this.#rows[j]!, this.#rows[i]!];
  }
}
