// Many values to few, by mean and max. Pure. A mean is kept with the number of values it is made of, so that means of
// means stay right however unevenly values are missing.

/** Mean, max and number of the known values of each metric over one step. */
export class Bucket {
  /** Unix second of the step's start. */
  readonly second: number;
  readonly #sum: number[] = [];
  readonly #max: number[] = [];
  readonly #count: number[] = [];

  constructor(second: number) {
    this.second = second;
  }

  /** Adds one sample's values, by place; unknown ones count for nothing. */
  add(values: readonly (number | null)[]): void {
    this.#widen(values.length);
    for (let place = 0; place < this.#sum.length; place += 1) {
      const value = values[place];
      if (value == null || !Number.isFinite(value)) continue;
      this.#sum[place] = (this.#sum[place] ?? 0) + value;
      this.#max[place] = Math.max(this.#max[place] ?? -Infinity, value);
      this.#count[place] = (this.#count[place] ?? 0) + 1;
    }
  }

  /** Both together, as a new one; they are of one step. */
  with(other: Bucket): Bucket {
    const sum = new Bucket(this.second);
    sum.#widen(Math.max(this.#sum.length, other.#sum.length));
    for (let place = 0; place < sum.#sum.length; place += 1) {
      sum.#sum[place] = (this.#sum[place] ?? 0) + (other.#sum[place] ?? 0);
      sum.#max[place] = Math.max(this.#max[place] ?? -Infinity, other.#max[place] ?? -Infinity);
      sum.#count[place] = this.countAt(place) + other.countAt(place);
    }
    return sum;
  }

  get means(): (number | null)[] {
    return this.#sum.map((sum, place) => (this.countAt(place) === 0 ? null : sum / this.countAt(place)));
  }

  get maxima(): (number | null)[] {
    return this.#max.map((max, place) => (this.countAt(place) === 0 ? null : max));
  }

  get counts(): readonly number[] {
    return this.#count;
  }

  countAt(place: number): number {
    return this.#count[place] ?? 0;
  }

  #widen(metricCount: number): void {
    while (this.#sum.length < metricCount) {
      this.#sum.push(0);
      this.#max.push(-Infinity);
      this.#count.push(0);
    }
  }
}

/** One metric over a range of equal steps. */
export class SeriesBuilder {
  readonly #sum: Float64Array;
  readonly #max: Float64Array;
  readonly #count: Float64Array;

  constructor(readonly fromSecond: number, readonly toSecond: number, readonly stepSeconds: number) {
    const steps = (toSecond - fromSecond) / stepSeconds;
    this.#sum = new Float64Array(steps);
    this.#max = new Float64Array(steps).fill(-Infinity);
    this.#count = new Float64Array(steps);
  }

  /** Adds `count` values with this mean and max, all within the step that `second` lies in; others are left out. */
  add(second: number, mean: number, max: number, count: number): void {
    const step = Math.floor((second - this.fromSecond) / this.stepSeconds);
    if (step < 0 || step >= this.#sum.length || count <= 0) return;
    this.#sum[step] = (this.#sum[step] ?? 0) + mean * count;
    this.#max[step] = Math.max(this.#max[step] ?? -Infinity, max);
    this.#count[step] = (this.#count[step] ?? 0) + count;
  }

  get isEmpty(): boolean {
    return this.#count.every((count) => count === 0);
  }

  /** Null where nothing was recorded. */
  get mean(): (number | null)[] {
    return Array.from(this.#count, (count, step) => (count === 0 ? null : (this.#sum[step] ?? 0) / count));
  }

  get max(): (number | null)[] {
    return Array.from(this.#count, (count, step) => (count === 0 ? null : (this.#max[step] ?? null)));
  }
}

/** The series of one subject by place: of those places that were asked for, or of all that are met. */
export class SeriesByPlace {
  readonly #series = new Map<number, SeriesBuilder>();

  /** `places` null: all. */
  constructor(readonly places: readonly number[] | null, private readonly newSeries: () => SeriesBuilder) {
    for (const place of places ?? []) this.#series.set(place, newSeries());
  }

  /** Adds `count` values of a place; see SeriesBuilder. */
  add(place: number, second: number, mean: number, max: number, count: number): void {
    let series = this.#series.get(place);
    if (series === undefined) {
      if (this.places !== null || count <= 0) return;
      this.#series.set(place, (series = this.newSeries()));
    }
    series.add(second, mean, max, count);
  }

  at(place: number): SeriesBuilder | undefined {
    return this.#series.get(place);
  }

  /** Places of which anything is known, in no order. */
  get known(): readonly number[] {
    return [...this.#series].flatMap(([place, series]) => (series.isEmpty ? [] : [place]));
  }
}
