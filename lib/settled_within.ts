/** @returns what became of it: 'late' when that is not known yet */
export async function settledWithin(
  work: Promise<void>,
  milliseconds: number,
): Promise<'done' | 'failed' | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), milliseconds);
  });
  const settled = work.then(
    () => 'done' as const,
    () => 'failed' as const,
  );
  const result = await Promise.race([settled, late]);
  clearTimeout(timer);
  return result;
}
