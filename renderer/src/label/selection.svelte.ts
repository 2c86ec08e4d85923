/** Which of a list of items are selected, and which one has the keyboard. Indices are places in the list. */
export class Selection {
  #ids: () => readonly number[];
  #selected = new Set<number>();
  #version = $state(0);
  #focus = $state(0);
  #anchor = 0;

  /** @param ids the list, as it is now */
  constructor(ids: () => readonly number[]) {
    this.#ids = ids;
  }

  /** Place of the item that the keyboard is on; labels go to it when nothing is selected. */
  get focus(): number {
    return Math.min(this.#focus, Math.max(0, this.#ids().length - 1));
  }
  get focusedId(): number | undefined {
    return this.#ids().at(this.focus);
  }
  get size(): number {
    return this.#version >= 0 ? this.#selected.size : 0;
  }
  has(id: number): boolean {
    return this.#version >= 0 && this.#selected.has(id);
  }

  /** Items that a label would go to, in the order of the list. */
  targets(): number[] {
    if (this.size > 0) return this.#ids().filter((id) => this.#selected.has(id));
    const id = this.focusedId;
    return id === undefined ? [] : [id];
  }

  move(index: number): void {
    this.#focus = this.#clamp(index);
    this.#anchor = this.#focus;
  }
  only(index: number): void {
    this.move(index);
    this.replace([this.#ids()[this.#focus]]);
  }
  toggle(index: number): void {
    this.move(index);
    const id = this.#ids()[this.#focus];
    if (!this.#selected.delete(id)) this.#selected.add(id);
    this.#version++;
  }
  /** Everything from where the last single step went to an item. */
  range(index: number, add: boolean): void {
    this.#focus = this.#clamp(index);
    const [first, last] = [Math.min(this.#anchor, this.#focus), Math.max(this.#anchor, this.#focus)];
    const ids = this.#ids().slice(first, last + 1);
    this.replace(add ? [...this.#selected, ...ids] : ids);
  }
  replace(ids: Iterable<number>): void {
    this.#selected = new Set(ids);
    this.#version++;
  }
  selected(): readonly number[] {
    return [...this.#selected];
  }
  all(): void {
    this.replace(this.#ids());
  }
  clear(): void {
    if (this.#selected.size > 0) this.replace([]);
  }

  /** After a label: the selection is done with, and the keyboard goes to what follows it. */
  moveOn(): void {
    const ids = this.#ids();
    const last = this.#selected.size === 0 ? this.focus : ids.findLastIndex((id) => this.#selected.has(id));
    this.clear();
    this.move(last + 1);
  }

  /** The list has changed: what is no longer in it is not selected, and the keyboard stays on its item where it can. */
  keep(focusedId: number | undefined): void {
    const ids = this.#ids();
    if (this.#selected.size > 0) {
      const present = new Set(ids);
      this.replace([...this.#selected].filter((id) => present.has(id)));
    }
    const index = focusedId === undefined ? -1 : ids.indexOf(focusedId);
    this.move(index === -1 ? this.#focus : index);
  }

  #clamp(index: number): number {
    return Math.max(0, Math.min(this.#ids().length - 1, index));
  }
}
