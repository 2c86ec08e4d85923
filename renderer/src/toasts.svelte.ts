export interface Toast {
  readonly id: number;
  readonly kind: 'done' | 'failed';
  readonly text: string;
}

/** Milliseconds that good news stays; failures stay until they are closed. */
const stay = 5_000;

class Toasts {
  #list = $state.raw<readonly Toast[]>([]);
  #next = 1;

  get list(): readonly Toast[] {
    return this.#list;
  }
  done(text: string): void {
    const { id } = this.#add('done', text);
    setTimeout(() => {
      this.close(id);
    }, stay);
  }
  failed(text: string): void {
    if (!this.#list.some((toast) => toast.text === text)) this.#add('failed', text);
  }
  close(id: number): void {
    this.#list = this.#list.filter((toast) => toast.id !== id);
  }
  #add(kind: Toast['kind'], text: string): Toast {
    const toast = { id: this.#next++, kind, text };
    this.#list = [...this.#list, toast];
    return toast;
  }
}

export const toasts = new Toasts();
