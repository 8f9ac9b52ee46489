/** What has been done and must be undone if something fails later: run in reverse, all of it, whatever fails. */
export class Undo {
  private readonly actions: (() => void)[] = [];

  add(action: () => void): void {
    this.actions.push(action);
  }

  /** Undoes everything. A failure of one action does not keep the others from running. */
  run(): void {
    for (let action = this.actions.pop(); action !== undefined; action = this.actions.pop()) {
      try {
        action();
      } catch {
        // The first failure is what the caller needs to hear; `delete --force` removes what could not be undone here.
      }
    }
  }

  /** All is well: nothing will be undone, and what would have been needed for it may go. */
  forget(): void {
    this.actions.length = 0;
  }
}
