export type Theme = 'dark' | 'light';
const key = 'parfocal.theme';

/** Dark by default, since images are; light as a choice that is kept. The first paint is public/theme.js's. */
class ThemeChoice {
  #now = $state<Theme>(document.documentElement.dataset.theme === 'light' ? 'light' : 'dark');

  get now(): Theme {
    return this.#now;
  }
  toggle(): void {
    this.#now = this.#now === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset.theme = this.#now;
    localStorage.setItem(key, this.#now);
  }
}

export const theme = new ThemeChoice();
