/** What has been measured: of each row, by peer, one value a round, or why there is none. */
export class Results {
  rows = [];
  #group;
  #columns;

  /**
   * @param group - of the rows, a table's name
   * @param peers - in the order of its columns
   */
  constructor(group, peers) {
    this.#group = group;
    this.#columns = peers.map(({ name }) => name);
  }

  /** @param row - `row` is its name; the rest is for the table */
  add(row) {
    this.rows.push({ group: this.#group, ...row, columns: this.#columns, peers: {}, failures: {} });
  }

  #find(row) {
    return this.rows.find((one) => one.row === row);
  }

  /** @param figures - of one round: `value`, and whatever belongs to it */
  note(row, peer, figures) {
    const peers = this.#find(row)?.peers;
    if (peers === undefined) return;
    const seen = (peers[peer] ??= {});
    for (const [name, figure] of Object.entries(figures)) (seen[name] ??= []).push(figure);
  }

  fail(row, peer, error) {
    const failures = this.#find(row)?.failures;
    if (failures !== undefined) failures[peer] ??= error.message.trim().split('\n')[0];
  }
}
