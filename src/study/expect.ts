// What a study expects of a number that it measures.

export interface Expectation {
  /** The condition in words, as `at least 5`. */
  readonly text: string;
  holds(value: number): boolean;
}

/** NaN holds nowhere. */
export const atLeast = (bound: number): Expectation => ({
  text: `at least ${bound}`,
  holds: (value) => value >= bound,
});

/** NaN holds nowhere. */
export const atMost = (bound: number): Expectation => ({
  text: `at most ${bound}`,
  holds: (value) => value <= bound,
});

/** Both ends belong to the range. */
export const between = (low: number, high: number): Expectation => ({
  text: `${low} to ${high}`,
  holds: (value) => value >= low && value <= high,
});
