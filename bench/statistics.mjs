/** @returns the middle one, of an even number the mean of both */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** How far the runs lie apart: half the distance from the lowest to the highest, of the median. */
export function spread(values) {
  return (Math.max(...values) - Math.min(...values)) / 2 / median(values);
}
