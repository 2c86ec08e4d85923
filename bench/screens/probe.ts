/** What runs inside the page, to take times where they are seen. Each function stands alone: the browser gets its text. */

export interface Probe {
  /** Milliseconds from a key that labels to the core's answer, one a label. */
  readonly saved: number[];
  /** Begins to watch the rows of the grid. */
  watchRows(): void;
  /** Ends that. @returns for each row that was in sight with a picture missing: for how many milliseconds */
  endWatch(): number[];
  /** Resolves when every row in sight has all its pictures. @returns the time, by the page's clock */
  filled(): Promise<number>;
}

declare global {
  var probe: Probe;
}

/** To be run before the page's own scripts. */
export function installProbe(): void {
  const saved: number[] = [];
  const pressed: number[] = [];
  const waiting = new Map<string, number>();
  addEventListener(
    'keydown',
    (event) => {
      if (/^[1-8]$/.test(event.key)) pressed.push(event.timeStamp);
    },
    true,
  );
  globalThis.WebSocket = class extends WebSocket {
    constructor(...given: ConstructorParameters<typeof WebSocket>) {
      super(...given);
      this.addEventListener('message', ({ data }: MessageEvent<string>) => {
        const { i } = JSON.parse(data) as { i: string };
        const begun = waiting.get(i);
        if (begun !== undefined) saved.push(performance.now() - begun);
        waiting.delete(i);
      });
    }
    override send(message: string): void {
      const { i, p } = JSON.parse(message) as { i: string; p?: { u?: string } };
      // Acts are sent in the order of their keys.
      if (p?.u === '/labels/set') waiting.set(i, pressed.shift()!);
      super.send(message);
    }
  };

  /** Numbers of the rows in sight, from 1, and which of them have all their pictures. */
  const look = (): { inSight: number[]; whole: Set<number> } | undefined => {
    const grid = document.querySelector('[role=grid]');
    const rows = [...(grid?.querySelectorAll('[role=row]') ?? [])];
    if (grid === null || rows.length < 2) return undefined;
    const frame = grid.getBoundingClientRect();
    const places = rows.map((row) => ({
      number: Number(row.getAttribute('aria-rowindex')),
      top: row.getBoundingClientRect().top - frame.top,
      cells: row.children.length,
      pictures: [...row.querySelectorAll('img')].filter((image) => image.complete && image.naturalWidth > 0).length,
    }));
    const pitch = (places[1].top - places[0].top) / (places[1].number - places[0].number);
    const zero = places[0].top - places[0].number * pitch;
    const most = Number(grid.getAttribute('aria-rowcount'));
    const inSight: number[] = [];
    // What lies between the rows, at the end of each, is no part of it.
    for (let number = Math.max(1, Math.floor(-zero / pitch)); number <= most; number++) {
      if (zero + number * pitch >= frame.height) break;
      if (zero + (number + 1) * pitch - 8 > 0) inSight.push(number);
    }
    const whole = places.filter(({ cells, pictures }) => cells > 0 && pictures === cells).map(({ number }) => number);
    return { inSight, whole: new Set(whole) };
  };

  const blankSince = new Map<number, number>();
  const blanks: number[] = [];
  let watching = false;
  const watch = (): void => {
    const seen = look();
    const now = performance.now();
    const blank = seen === undefined ? [0] : seen.inSight.filter((number) => !seen.whole.has(number));
    for (const [number, since] of blankSince)
      if (!watching || !blank.includes(number)) {
        blanks.push(now - since);
        blankSince.delete(number);
      }
    if (!watching) return;
    for (const number of blank) if (!blankSince.has(number)) blankSince.set(number, now);
    requestAnimationFrame(watch);
  };

  globalThis.probe = {
    saved,
    watchRows() {
      watching = true;
      watch();
    },
    endWatch() {
      watching = false;
      watch();
      return blanks.splice(0);
    },
    filled: () =>
      new Promise((resolve) => {
        const check = (): void => {
          const seen = look();
          if (seen !== undefined && seen.inSight.length > 0 && seen.inSight.every((number) => seen.whole.has(number)))
            resolve(performance.now());
          else requestAnimationFrame(check);
        };
        check();
      }),
  };
}
