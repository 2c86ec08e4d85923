export const steps = ['images', 'label', 'network', 'train', 'evaluate', 'share'] as const;
export type ScreenName = 'home' | (typeof steps)[number];

function parse(hash: string): { name: ScreenName; params: URLSearchParams } {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const name = steps.find((step) => step === path) ?? 'home';
  return { name, params: new URLSearchParams(query) };
}

/** Which screen is shown, with its parameters: `#/label?run=3`. */
class Route {
  #now = $state.raw(parse(location.hash));

  constructor() {
    window.addEventListener('hashchange', () => {
      this.read();
    });
  }
  read(): void {
    this.#now = parse(location.hash);
  }
  get name(): ScreenName {
    return this.#now.name;
  }
  get params(): URLSearchParams {
    return this.#now.params;
  }
}

export const route = new Route();

export function href(name: ScreenName, params: Record<string, string | number> = {}): string {
  const query = Object.entries(params)
    .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
    .join('&');
  return `#/${name}${query === '' ? '' : `?${query}`}`;
}

export function go(name: ScreenName, params: Record<string, string | number> = {}): void {
  location.hash = href(name, params);
  // At once, not when the event comes: nothing of the old screen is to be begun.
  route.read();
}
